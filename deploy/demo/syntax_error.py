# expect: 0/10 rejected
# exercise: backprop
# Does not load: the colon is missing.
def backward(X, y, W, b, activation)
    return 0.0, W, b
