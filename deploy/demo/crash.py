# expect: 0/10 crashed
# exercise: activation-derivatives
# Reads address zero: the process ends by a signal, and no `except` can catch it.
import ctypes


def activation(name, z):
    return ctypes.string_at(0)


def activation_derivative(name, z):
    return ctypes.string_at(0)
