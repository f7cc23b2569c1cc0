import numpy as np


def neuron(X, w, b):
    """The answers 0 or 1 for all rows of X: an array of whole numbers."""
    return (X @ w + b >= 0).astype(int)


def train(X, y, epochs):
    """Rosenblatt's rule, from zero weights: (w, b, mistakes of each epoch)."""
    w, b, errors = np.zeros(X.shape[1]), 0.0, []
    for _ in range(epochs):
        mistakes = 0
        for x, right in zip(X, y):
            correction = int(right) - int(neuron(x, w, b))
            w += correction * x
            b += correction
            mistakes += abs(correction)
        errors.append(mistakes)
        if mistakes == 0:
            break
    return w, b, errors
