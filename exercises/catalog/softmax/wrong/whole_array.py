# expect: 0/10
# Divides by the sum over all rows.
import numpy as np


def softmax(z):
    m = z.max(axis=-1, keepdims=True)
    e = np.exp(z - m)
    return e / e.sum()


def log_softmax(z):
    m = z.max(axis=-1, keepdims=True)
    return z - m - np.log(np.exp(z - m).sum())


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return -log_p[np.arange(len(z)), labels].mean()
