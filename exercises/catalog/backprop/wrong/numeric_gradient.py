# expect: 7/10 timeout
# Measures every slope with two forward passes: right, and far too slow for 7,850 of them.
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
    def loss():
        return np.mean((activation_of(activation, X @ W + b) - y) ** 2)

    gradients = []
    for parameters in (W, b):
        gradient = np.zeros_like(parameters)
        for i in np.ndindex(parameters.shape):
            kept = parameters[i]
            parameters[i] = kept + 1e-5
            above = loss()
            parameters[i] = kept - 1e-5
            gradient[i] = (above - loss()) / 2e-5
            parameters[i] = kept
        gradients.append(gradient)
    return loss(), gradients[0], gradients[1]


def step(X, y, W, b, activation, learning_rate):
    loss, dW, db = backward(X, y, W, b, activation)
    return loss, W - learning_rate * dW, b - learning_rate * db
