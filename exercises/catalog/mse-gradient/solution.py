import numpy as np


def difference(P, y):
    if P.shape != y.shape:
        raise ValueError(f"P has the shape {P.shape}, y the shape {y.shape}")
    return P - y


def mse(P, y):
    """Mean squared error over all elements; ValueError when the shapes differ."""
    return np.mean(difference(P, y) ** 2)


def mse_gradient(P, y):
    """Derivative of the mean squared error with respect to P, in the shape of P."""
    return 2.0 * difference(P, y) / y.size


def numeric_gradient(f, x, h):
    """Central differences of f at x, in the shape of x; two calls of f per element."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = h
        gradient[index] = (f(x + step) - f(x - step)) / (2.0 * h)
    return gradient
