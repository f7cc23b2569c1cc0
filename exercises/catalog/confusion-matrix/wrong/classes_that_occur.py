# expect: 8/10
# Takes the size from the largest label that occurs.
import numpy as np


def confusion_matrix(labels, predictions, classes):
    classes = max(labels.max(), predictions.max()) + 1
    M = np.zeros((classes, classes), dtype=int)
    for i, j in zip(labels, predictions):
        M[i, j] += 1
    return M


def accuracy(M):
    if M.sum() == 0:
        return 0.0
    return M.diagonal().sum() / M.sum()


def recall(M):
    result = np.full(len(M), np.nan)
    for i in range(len(M)):
        if M[i].sum() > 0:
            result[i] = M[i, i] / M[i].sum()
    return result


def most_confused(M):
    best = None
    count = 0
    for i in range(len(M)):
        for j in range(len(M)):
            if i != j and M[i, j] > count:
                best = (i, j)
                count = M[i, j]
    return best
