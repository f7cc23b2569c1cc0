import numpy as np


def softmax(z):
    """Probabilities along the last axis, in the shape of z."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    """Natural logarithms of the probabilities along the last axis, in the shape of z."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels):
    """Mean over the rows of minus the log-probability of the right answer."""
    return -np.mean(log_softmax(z)[np.arange(len(labels)), labels])
