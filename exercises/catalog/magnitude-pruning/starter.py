import numpy as np


def prune(W, sparsity):
    """A copy of W (m, n) whose round(sparsity * m * n) weights of smallest magnitude are 0."""
    ...


def prune_rows(W, sparsity):
    """Without the round(sparsity * m) rows of smallest norm: (smaller matrix, indices of the rows kept, ascending)."""
    ...


def prune_two_of_four(W):
    """A copy of W (m, n), n a multiple of 4: in each group of 4 neighbours of a row the 2 smallest magnitudes are 0."""
    ...
