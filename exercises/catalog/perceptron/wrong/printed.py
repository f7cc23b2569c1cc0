# expect: 0/10
# Prints instead of returning.
import numpy as np


def neuron(X, w, b):
    print((X @ w + b >= 0).astype(int))


def train(X, y, epochs):
    w = np.zeros(X.shape[1])
    b = 0.0
    errors = []
    for epoch in range(epochs):
        mistakes = 0
        for i in range(len(X)):
            answer = int(X[i] @ w + b >= 0)
            if answer != y[i]:
                w = w + (y[i] - answer) * X[i]
                b = b + (y[i] - answer)
                mistakes += 1
        errors.append(mistakes)
        if mistakes == 0:
            break
    print(w, b, errors)
