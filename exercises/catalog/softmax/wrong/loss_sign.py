# expect: 7/10
# Forgets the minus sign of the loss.
import numpy as np


def softmax(z):
    m = z.max(axis=-1, keepdims=True)
    e = np.exp(z - m)
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    m = z.max(axis=-1, keepdims=True)
    return z - m - np.log(np.exp(z - m).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels):
    log_p = log_softmax(z)
    return log_p[np.arange(len(z)), labels].mean()
