import numpy as np


def confusion_matrix(labels, predictions, classes):
    """Counts, whole numbers: row = true class, column = predicted class."""
    ...


def accuracy(M):
    """Share of all images read correctly, 0.0 without an image."""
    ...


def recall(M):
    """For each class, the share of its images read correctly, nan without an image."""
    ...


def most_confused(M):
    """(i, j) of the most frequent error, class i read as j, or None."""
    ...
