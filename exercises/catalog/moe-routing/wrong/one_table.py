# expect: 7/10
# Shares the table of embeddings with the output.
import numpy as np


def route(logits, k):
    """The k experts of each token: (experts, weights), both (n, k), best first; the weights of a row add up to 1."""
    experts = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    chosen = np.take_along_axis(logits, experts, axis=1)
    powers = np.exp(chosen - chosen[:, :1])  # the first is the largest: no power exceeds 1
    return experts, powers / powers.sum(axis=1, keepdims=True)


def mixture(X, router, W1, W2, k):
    """Output (n, d) for tokens X (n, d), router (d, E), W1 (E, d, h), W2 (E, h, d): only chosen experts calculate."""
    experts, weights = route(X @ router, k)
    Y = np.zeros(X.shape)
    for e in range(len(W1)):
        rows, places = np.nonzero(experts == e)
        if len(rows):
            hidden = np.maximum(X[rows] @ W1[e], 0.0)
            Y[rows] += weights[rows, places][:, np.newaxis] * (hidden @ W2[e])
    return Y


def parameters(dim, layers, hidden, experts, k, heads, kv_heads, vocabulary):
    """(total, active): the parameters of the whole model, and of those that work on one token."""
    head = dim // heads
    attention = 2 * dim * dim + 2 * dim * kv_heads * head
    expert = 3 * dim * hidden
    shared = layers * (attention + dim * experts + 2 * dim) + vocabulary * dim + dim
    return shared + layers * experts * expert, shared + layers * k * expert
