# expect: 5/10 timeout
# The counter of the ReLU derivative's loop never moves.
import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return np.maximum(0, z)
    return 1 / (1 + np.exp(-z))


def activation_derivative(name, z):
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        result = np.zeros_like(z)
        i = 0
        while i < z.size:
            if z.flat[i] > 0:
                result.flat[i] = 1.0
        return result
    s = activation("sigmoid", z)
    return s * (1 - s)
