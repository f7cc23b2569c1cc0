# expect: 0/10 crashed
# Forgets keepdims.
import numpy as np


def softmax(z):
    m = z.max(axis=-1)
    e = np.exp(z - m)
    return e / e.sum(axis=-1)


def log_softmax(z):
    m = z.max(axis=-1)
    return z - m - np.log(np.exp(z - m).sum(axis=-1))


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return -log_p[np.arange(len(z)), labels].mean()
