# expect: 0/10
# Prints the result instead of returning it.
import numpy as np


def activation(name, z):
    if name == "identity":
        print(z)
    elif name == "relu":
        print(np.maximum(0, z))
    else:
        print(1 / (1 + np.exp(-z)))


def activation_derivative(name, z):
    if name == "identity":
        print(np.ones_like(z))
    elif name == "relu":
        print((z > 0) * 1.0)
    else:
        s = 1 / (1 + np.exp(-z))
        print(s * (1 - s))
