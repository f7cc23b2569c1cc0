import numpy as np


def assign(X, centres):
    """The nearest centre of each point X (n, d): (labels (n,) ints, inertia); between equals the lower index."""
    ...


def move(X, labels, centres):
    """The mean of each cluster, (k, d); a centre without points stays where it is."""
    ...


def k_means(X, centres, max_steps):
    """Lloyd's algorithm from the given centres: (centres, labels, inertias), one inertia for each assignment."""
    ...
