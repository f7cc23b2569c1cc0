# expect: 0/10
# Returns an object that claims to equal everything.
class Anything:
    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        return self

    shape = dtype = property(lambda self: self)


def activation(name, z):
    return Anything()


def activation_derivative(name, z):
    return Anything()
