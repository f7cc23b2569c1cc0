# expect: 0/10
# Prints instead of returning.
import numpy as np


def softmax(z):
    m = z.max(axis=-1, keepdims=True)
    e = np.exp(z - m)
    print(e / e.sum(axis=-1, keepdims=True))


def log_softmax(z):
    m = z.max(axis=-1, keepdims=True)
    print(z - m - np.log(np.exp(z - m).sum(axis=-1, keepdims=True)))


def cross_entropy(z, labels):
    print(log_softmax(z))
