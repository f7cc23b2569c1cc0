# expect: 7/10
# Drops axes of length 1.
import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return np.maximum(0, z)
    return 1 / (1 + np.exp(-z))


def forward(X, layers):
    A = X
    outputs = [A]
    for W, b, name in layers:
        z = np.squeeze(A @ W + b)
        A = activation(name, z)
        outputs.append(A)
    return outputs


def count_parameters(sizes):
    total = 0
    for i in range(1, len(sizes)):
        total += sizes[i - 1] * sizes[i]
        total += sizes[i]
    return total
