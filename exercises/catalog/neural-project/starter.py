import numpy as np


class Network:
    """Two layers with ReLU in between, trained on the cross-entropy."""

    def __init__(self, inputs, hidden, outputs, seed):
        ...

    def parameters(self):
        """The dictionary of W1, b1, W2 and b2."""
        ...

    def load(self, parameters):
        """Take over such a dictionary."""
        ...

    def scores(self, X):
        """The scores S, of shape (n, outputs)."""
        ...

    def predict(self, X):
        """Position of the largest score of each row."""
        ...

    def gradients(self, X, labels):
        """(loss, dictionary of gradients) for one batch."""
        ...

    def fit(self, X, labels, epochs, learning_rate, batch_size):
        """Train; the loss over all of X after each epoch."""
        ...
