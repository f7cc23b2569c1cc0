import numpy as np


def attention(Q, K, V, mask=None):
    """Scaled dot-product attention: (output, weights)."""
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    # A row without a visible key has the maximum minus infinity; minus infinity minus itself would be nan.
    e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total > 0, total, 1.0)
    return weights @ V, weights


def causal_mask(n):
    """Booleans (n, n): each query may look at itself and at what comes before."""
    return np.tri(n, dtype=bool)


def padding_mask(lengths, m):
    """Booleans (batch, 1, m): True for the first lengths[t] keys of text t."""
    return np.arange(m) < np.asarray(lengths)[:, np.newaxis, np.newaxis]
