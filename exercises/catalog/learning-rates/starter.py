import numpy as np


def gradient_descent(X, y, W, b, learning_rate, epochs):
    """Full-batch training that stops when it diverges: (W, b, losses)."""
    ...


def choose_rate(X, y, W, b, rates, epochs):
    """The rate that ends with the lowest loss, or None when every training run was cut short."""
    ...
