import numpy as np


def route(logits, k):
    """The k experts of each token: (experts, weights), both (n, k), best first; the weights of a row add up to 1."""
    ...


def mixture(X, router, W1, W2, k):
    """Output (n, d) for tokens X (n, d), router (d, E), W1 (E, d, h), W2 (E, h, d): only chosen experts calculate."""
    ...


def parameters(dim, layers, hidden, experts, k, heads, kv_heads, vocabulary):
    """(total, active): the parameters of the whole model, and of those that work on one token."""
    ...
