# expect: 9/10
# Measures a row by the sum of its magnitudes.
import numpy as np


def prune(W, sparsity):
    """A copy of W (m, n) whose round(sparsity * m * n) weights of smallest magnitude are 0."""
    pruned = W.copy()
    count = round(sparsity * W.size)
    smallest = np.argsort(np.abs(W), axis=None, kind="stable")[:count]
    pruned.flat[smallest] = 0
    return pruned


def prune_rows(W, sparsity):
    """Without the round(sparsity * m) rows of smallest norm: (smaller matrix, indices of the rows kept, ascending)."""
    count = round(sparsity * len(W))
    order = np.argsort(np.sum(np.abs(W), axis=1), kind="stable")
    kept = np.sort(order[count:])
    return W[kept], kept


def prune_two_of_four(W):
    """A copy of W (m, n), n a multiple of 4: in each group of 4 neighbours of a row the 2 smallest magnitudes are 0."""
    groups = W.reshape(-1, 4).copy()
    smallest = np.argsort(np.abs(groups), axis=1, kind="stable")[:, :2]
    np.put_along_axis(groups, smallest, 0, axis=1)
    return groups.reshape(W.shape)
