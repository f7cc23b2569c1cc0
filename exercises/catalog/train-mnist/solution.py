import numpy as np

DIGITS = 10


def apply(name, z):
    """f(z) and f'(z), element by element."""
    if name == "identity":
        return z, np.ones_like(z)
    if name == "relu":
        return np.maximum(z, 0.0), (z > 0).astype(float)
    s = 1.0 / (1.0 + np.exp(-z))
    return s, s * (1.0 - s)


def accuracy(X, labels, W, b, activation):
    """Share of the images whose largest output is that of their label."""
    return float(np.mean(np.argmax(apply(activation, X @ W + b)[0], axis=1) == labels))


def train(images, labels, test_images, test_labels, activation, epochs, learning_rate, seed):
    """Train one layer by gradient descent: (W, b, losses, accuracies)."""
    X, X_test, y = images / 255, test_images / 255, np.eye(DIGITS)[labels]
    rng = np.random.default_rng(seed)
    W, b = rng.normal(0.0, 0.01, size=(X.shape[1], DIGITS)), np.zeros(DIGITS)
    losses, accuracies = [], []
    for _ in range(epochs):
        p, slope = apply(activation, X @ W + b)
        losses.append(float(np.mean((p - y) ** 2)))
        accuracies.append(accuracy(X_test, test_labels, W, b, activation))
        dz = 2.0 * (p - y) / y.size * slope
        W -= learning_rate * (X.T @ dz)
        b -= learning_rate * dz.sum(axis=0)
    return W, b, losses, accuracies
