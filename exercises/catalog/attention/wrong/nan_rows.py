# expect: 8/10
# Queries that may look at nothing give nan.
import numpy as np


def softmax(s):
    m = s.max(axis=-1, keepdims=True)
    e = np.exp(s - m)
    total = e.sum(axis=-1, keepdims=True)
    return e / total


def attention(Q, K, V, mask=None):
    d = Q.shape[-1]
    S = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S)
    return A @ V, A


def causal_mask(n):
    return np.tril(np.ones((n, n), dtype=bool))


def padding_mask(lengths, m):
    mask = np.zeros((len(lengths), 1, m), dtype=bool)
    for t in range(len(lengths)):
        mask[t, 0, :lengths[t]] = True
    return mask
