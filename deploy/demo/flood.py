# expect: 0/10 failed
# exercise: activation-derivatives
# Right, but prints without end what it does: past the output limit a test does not count.
import numpy as np


def activation(name, z):
    print("working on it " * 20_000)
    if name == "identity":
        return z.copy()
    return np.maximum(z, 0.0) if name == "relu" else 0.5 * (1.0 + np.tanh(z / 2))


def activation_derivative(name, z):
    print("nearly there " * 20_000)
    if name == "identity":
        return np.ones_like(z)
    if name == "relu":
        return (z > 0).astype(float)
    s = activation("sigmoid", z)
    return s * (1.0 - s)
