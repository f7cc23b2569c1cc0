# expect: 0/10 timeout
# exercise: backprop
# Never finishes loading: no test can start.
while True:
    pass
