# expect: 5/10
# Uses the loss with the factor 1/2, as other books do.
import numpy as np


def mse(P, y):
    if P.shape != y.shape:
        raise ValueError("shapes differ")
    return ((P - y) ** 2).mean() / 2


def mse_gradient(P, y):
    if P.shape != y.shape:
        raise ValueError("shapes differ")
    return (P - y) / y.size


def numeric_gradient(f, x, h):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * h)
    return gradient
