import numpy as np


def tiles(length, size):
    """The pieces (start, end) of a length, in order."""
    ...


def matmul(A, B, size, multiply=np.matmul):
    """The product of A (n, k) and B (k, m), one call of multiply per triple of pieces."""
    ...


def loads(n, k, m, size):
    """Numbers read from slow memory: the elements of both blocks, for every call of multiply."""
    ...
