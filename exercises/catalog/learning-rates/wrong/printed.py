# expect: 0/10
# Prints instead of returning.
import numpy as np


def gradient_descent(X, y, W, b, learning_rate, epochs):
    losses = [float(np.mean((X @ W + b - y) ** 2))]
    for epoch in range(epochs):
        P = X @ W + b
        D = 2 * (P - y) / y.size
        W2 = W - learning_rate * X.T @ D
        b2 = b - learning_rate * D.sum(axis=0)
        loss = float(np.mean((X @ W2 + b2 - y) ** 2))
        if not np.isfinite(loss):
            print(W, b, losses)
        W, b = W2, b2
        losses.append(loss)
    print(W, b, losses)


def choose_rate(X, y, W, b, rates, epochs):
    best = None
    best_loss = float("inf")
    for rate in rates:
        _, _, losses = gradient_descent(X, y, W, b, rate, epochs)
        if len(losses) < epochs + 1:
            continue
        if losses[-1] < best_loss:
            best = rate
            best_loss = losses[-1]
    print(best)
