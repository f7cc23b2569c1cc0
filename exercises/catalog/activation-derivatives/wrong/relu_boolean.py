# expect: 5/10
# Returns the comparison itself: True and False instead of 1.0 and 0.0.
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
        return z > 0
    s = activation("sigmoid", z)
    return s * (1 - s)
