# expect: 3/10
# Leaves f'(z) out of the chain rule: right for the identity only.
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


def backward(X, y, W, b, activation):
    z = X @ W + b
    p = activation_of(activation, z)
    loss = np.mean((p - y) ** 2)
    dz = 2 * (p - y) / y.size
    dW = X.T @ dz
    db = dz.sum(axis=0)
    return loss, dW, db


def step(X, y, W, b, activation, learning_rate):
    loss, dW, db = backward(X, y, W, b, activation)
    return loss, W - learning_rate * dW, b - learning_rate * db
