# expect: 5/10
# Types the formulas as they stand: overflow.
import numpy as np


def softmax(z):
    m = 0
    e = np.exp(z - m)
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    m = 0
    return z - m - np.log(np.exp(z - m).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return -log_p[np.arange(len(z)), labels].mean()
