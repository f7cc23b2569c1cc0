# expect: 9/10
# Takes the mean of no points.
import numpy as np


def assign(X, centres):
    """The nearest centre of each point X (n, d): (labels (n,) ints, inertia); between equals the lower index."""
    distances = np.array([np.sum((X - centre) ** 2, axis=1) for centre in centres])  # (k, n)
    return np.argmin(distances, axis=0), float(np.sum(np.min(distances, axis=0)))


def move(X, labels, centres):
    """The mean of each cluster, (k, d); a centre without points stays where it is."""
    moved = np.array(centres, dtype=float)
    for j in range(len(centres)):
        members = X[labels == j]
        moved[j] = members.mean(axis=0)
    return moved


def k_means(X, centres, max_steps):
    """Lloyd's algorithm from the given centres: (centres, labels, inertias), one inertia for each assignment."""
    labels = None
    inertias = []
    for _ in range(max_steps):
        before = labels
        labels, inertia = assign(X, centres)
        inertias.append(inertia)
        if before is not None and np.array_equal(labels, before):
            break
        centres = move(X, labels, centres)
    return centres, labels, inertias
