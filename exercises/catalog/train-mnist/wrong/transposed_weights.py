# expect: 0/10
# One row of weights for each digit.
import numpy as np


def activation_of(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return np.maximum(z, 0)
    return 1 / (1 + np.exp(-z))


def derivative_of(name, z):
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        return (z > 0).astype(float)
    s = activation_of("sigmoid", z)
    return s * (1 - s)


def train(images, labels, test_images, test_labels, activation, epochs, learning_rate, seed):
    X = images / 255
    X_test = test_images / 255
    y = np.eye(10)[labels]
    rng = np.random.default_rng(seed)
    W = rng.normal(0, 0.01, (10, X.shape[1]))
    b = np.zeros(10)
    losses, accuracies = [], []
    for epoch in range(epochs):
        z = X @ W.T + b
        p = activation_of(activation, z)
        losses.append(np.mean((p - y) ** 2))
        read = activation_of(activation, X_test @ W.T + b).argmax(axis=1)
        accuracies.append(np.mean(read == test_labels))
        dz = 2 * (p - y) / y.size * derivative_of(activation, z)
        W = W - learning_rate * dz.T @ X
        b = b - learning_rate * dz.sum(axis=0)
    return W, b, losses, accuracies
