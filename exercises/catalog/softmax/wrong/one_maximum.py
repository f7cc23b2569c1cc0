# expect: 5/10
# Subtracts the maximum of the whole array: low rows become 0/0.
import numpy as np


def softmax(z):
    m = z.max(initial=-1e300)
    e = np.exp(z - m)
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    m = z.max(initial=-1e300)
    return z - m - np.log(np.exp(z - m).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return -log_p[np.arange(len(z)), labels].mean()
