import numpy as np


def confusion_matrix(labels, predictions, classes):
    """Counts, whole numbers: row = true class, column = predicted class."""
    M = np.zeros((classes, classes), dtype=int)
    np.add.at(M, (labels, predictions), 1)  # M[labels, predictions] += 1 would count a repeated pair once
    return M


def accuracy(M):
    """Share of all images read correctly, 0.0 without an image."""
    total = M.sum()
    return float(np.trace(M) / total) if total else 0.0


def recall(M):
    """For each class, the share of its images read correctly, nan without an image."""
    images = M.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0/0 is nan, which is what a class without an image asks for
        return np.diag(M) / images


def most_confused(M):
    """(i, j) of the most frequent error, class i read as j, or None."""
    errors = M - np.diag(np.diag(M))
    if not errors.any():
        return None
    i, j = divmod(int(np.argmax(errors)), len(M))  # argmax gives the first of equals, row by row
    return i, j
