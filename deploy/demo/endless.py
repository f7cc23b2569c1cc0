# expect: 0/10 timeout
# exercise: activation-derivatives
# Never returns, and swallows whatever could interrupt it.
def activation(name, z):
    while True:
        try:
            while True:
                z = z + 1
        except BaseException:
            continue


activation_derivative = activation
