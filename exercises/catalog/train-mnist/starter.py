import numpy as np


def train(images, labels, test_images, test_labels, activation, epochs, learning_rate, seed):
    """Train one layer by gradient descent: (W, b, losses, accuracies)."""
    ...
