# expect: 4/10
# Adds a small number so that the logarithm stays finite, and wrong.
import numpy as np


def softmax(z):
    m = z.max(axis=-1, keepdims=True)
    e = np.exp(z - m)
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    return np.log(softmax(z) + 1e-12)


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return -log_p[np.arange(len(z)), labels].mean()
