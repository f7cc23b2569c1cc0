# expect: 9/10 timeout
# Loops over images, neurons and inputs: right, and far too slow.
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
        z = np.zeros((len(A), len(b)))
        for n in range(len(A)):
            for o in range(len(b)):
                z[n, o] = b[o]
                for i in range(len(W)):
                    z[n, o] += A[n, i] * W[i, o]
        A = activation(name, z)
        outputs.append(A)
    return outputs


def count_parameters(sizes):
    total = 0
    for i in range(1, len(sizes)):
        total += sizes[i - 1] * sizes[i]
        total += sizes[i]
    return total
