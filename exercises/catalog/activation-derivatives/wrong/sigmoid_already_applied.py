# expect: 4/10
# Takes z for the sigmoid's result, as in code that keeps activations only.
import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return z * (z > 0)
    return 1 / (1 + np.exp(-z))


def activation_derivative(name, z):
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        return np.where(z > 0, 1.0, 0.0)
    return z * (1 - z)
