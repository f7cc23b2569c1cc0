# expect: 3/10
# Asks for all answers first, and corrects at the end of the epoch.
import numpy as np


def neuron(X, w, b):
    return np.where(X @ w + b >= 0, 1, 0)


def train(X, y, epochs):
    w = np.zeros(X.shape[1])
    b = 0.0
    errors = []
    for epoch in range(epochs):
        mistakes = 0
        difference = y - neuron(X, w, b)
        w = w + difference @ X
        b = b + difference.sum()
        mistakes = int(np.abs(difference).sum())
        errors.append(mistakes)
        if mistakes == 0:
            break
    return w, b, errors
