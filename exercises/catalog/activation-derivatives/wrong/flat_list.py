# expect: 2/10
# Loops over the elements and loses the shape: right only where z has one axis.
import math

import numpy as np


def one(name, x):
    if name == "identity":
        return x
    if name == "relu":
        return max(x, 0.0)
    if x < -700:
        return 0.0
    return 1 / (1 + math.exp(-x))


def slope(name, x):
    if name == "identity":
        return 1.0
    if name == "relu":
        return 1.0 if x > 0 else 0.0
    return one("sigmoid", x) * (1 - one("sigmoid", x))


def activation(name, z):
    return np.array([one(name, x) for x in z.flatten()])


def activation_derivative(name, z):
    return np.array([slope(name, x) for x in z.flatten()])
