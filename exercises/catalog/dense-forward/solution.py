import numpy as np


def activation(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return np.maximum(z, 0.0)
    return 1.0 / (1.0 + np.exp(-z))


def forward(X, layers):
    """The input and the output of every layer: the list [A0, A1, ...]."""
    outputs = [X]
    for W, b, name in layers:
        outputs.append(activation(name, outputs[-1] @ W + b))
    return outputs


def count_parameters(sizes):
    """Number of weights and biases of a stack with these widths, a whole number."""
    return sum((inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:]))
