# expect: 0/10
# Renamed the functions.
import numpy as np


def f(name, z):
    return z if name == "identity" else np.maximum(0, z) if name == "relu" else 1 / (1 + np.exp(-z))


def f_prime(name, z):
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        return (z > 0) * 1.0
    return f("sigmoid", z) * (1 - f("sigmoid", z))
