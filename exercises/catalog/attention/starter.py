import numpy as np


def attention(Q, K, V, mask=None):
    """Scaled dot-product attention: (output, weights)."""
    ...


def causal_mask(n):
    """Booleans (n, n): each query may look at itself and at what comes before."""
    ...


def padding_mask(lengths, m):
    """Booleans (batch, 1, m): True for the first lengths[t] keys of text t."""
    ...
