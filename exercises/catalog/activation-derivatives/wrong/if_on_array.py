# expect: 4/10 crashed
# Writes ReLU for one number; `if` on an array raises ValueError.
import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        if z > 0:
            return z
        return 0
    return 1 / (1 + np.exp(-z))


def activation_derivative(name, z):
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        if z > 0:
            return 1
        return 0
    s = activation("sigmoid", z)
    return s * (1 - s)
