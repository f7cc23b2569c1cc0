import numpy as np


def mse(P, y):
    """Mean squared error over all elements; ValueError when the shapes differ."""
    ...


def mse_gradient(P, y):
    """Derivative of the mean squared error with respect to P, in the shape of P."""
    ...


def numeric_gradient(f, x, h):
    """Central differences of f at x, in the shape of x; two calls of f per element."""
    ...
