# expect: 7/10
# Gives the corner the slope 1.
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
        return np.where(z >= 0, 1.0, 0.0)
    s = activation("sigmoid", z)
    return s * (1 - s)
