# expect: 5/10
# Moves all elements together: only right when there is one.
import numpy as np


def mse(P, y):
    if P.shape != y.shape:
        raise ValueError("shapes differ")
    return ((P - y) ** 2).mean()


def mse_gradient(P, y):
    if P.shape != y.shape:
        raise ValueError("shapes differ")
    return 2 * (P - y) / y.size


def numeric_gradient(f, x, h):
    gradient = np.zeros(x.shape)
    return gradient + (f(x + h) - f(x - h)) / (2 * h)
