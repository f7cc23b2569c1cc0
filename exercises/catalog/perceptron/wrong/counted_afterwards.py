# expect: 3/10
# Counts the mistakes of the corrected neuron, after the epoch.
import numpy as np


def neuron(X, w, b):
    return np.where(X @ w + b >= 0, 1, 0)


def train(X, y, epochs):
    w = np.zeros(X.shape[1])
    b = 0.0
    errors = []
    for epoch in range(epochs):
        mistakes = 0
        for i in range(len(X)):
            answer = neuron(X[i], w, b)
            if answer != y[i]:
                w = w + (y[i] - answer) * X[i]
                b = b + (y[i] - answer)
                mistakes += 1
        mistakes = int(np.sum(neuron(X, w, b) != y))
        errors.append(mistakes)
        if mistakes == 0:
            break
    return w, b, errors
