import numpy as np


def gradient_descent(X, y, W, b, learning_rate, epochs):
    """Full-batch training that stops when it diverges: (W, b, losses)."""
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging run is noticed below
        error = X @ W + b - y
        losses = [float(np.mean(error**2))]
        for _ in range(epochs):
            dz = 2.0 * error / y.size
            new_W = W - learning_rate * (X.T @ dz)
            new_b = b - learning_rate * dz.sum(axis=0)
            error = X @ new_W + new_b - y
            loss = float(np.mean(error**2))
            if not np.isfinite(loss):
                break
            W, b = new_W, new_b
            losses.append(loss)
    return W, b, losses


def choose_rate(X, y, W, b, rates, epochs):
    """The rate that ends with the lowest loss, or None when every training run was cut short."""
    best, lowest = None, np.inf
    for rate in rates:
        losses = gradient_descent(X, y, W, b, rate, epochs)[2]
        if len(losses) == epochs + 1 and losses[-1] < lowest:
            best, lowest = rate, losses[-1]
    return best
