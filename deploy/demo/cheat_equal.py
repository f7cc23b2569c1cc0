# expect: 0/10
# exercise: backprop
# Returns a value that claims to equal everything.
class Anything:
    __array_priority__ = 1e9

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise TypeError("no array")

    def __float__(self):
        return 0.0


def backward(X, y, W, b, activation):
    return Anything(), Anything(), Anything()


def step(X, y, W, b, activation, rate):
    return Anything(), Anything(), Anything()
