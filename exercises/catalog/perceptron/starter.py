import numpy as np


def neuron(X, w, b):
    """The answers 0 or 1 for all rows of X: an array of whole numbers."""
    ...


def train(X, y, epochs):
    """Rosenblatt's rule, from zero weights: (w, b, mistakes of each epoch)."""
    ...
