# expect: 6/10
# Believes that the derivative of z is z.
import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return np.maximum(z, 0)
    return 1 / (1 + np.exp(-z))


def activation_derivative(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return (z > 0).astype(float)
    s = activation("sigmoid", z)
    return s * (1 - s)
