# expect: 3/10
# Adds y·x: nothing is ever taken away after a false alarm.
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
                w = w + y[i] * X[i]
                b = b + y[i]
                mistakes += 1
        errors.append(mistakes)
        if mistakes == 0:
            break
    return w, b, errors
