# expect: 9/10
# Differentiates the fraction as it stands: infinity over infinity for large negative z.
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
        return (z > 0) * 1.0
    return np.exp(-z) / (1 + np.exp(-z)) ** 2
