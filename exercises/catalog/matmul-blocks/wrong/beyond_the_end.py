# expect: 8/10
# The last piece reaches beyond the end: slices forgive it, the count does not.
import numpy as np


def tiles(length, size):
    pieces = []
    start = 0
    while start < length:
        pieces.append((start, start + size))
        start += size
    return pieces


def matmul(A, B, size, multiply=np.matmul):
    n, m = len(A), B.shape[1]
    C = np.zeros((n, m))
    for k1, k2 in tiles(len(B), size):
        for i1, i2 in tiles(n, size):
            for j1, j2 in tiles(m, size):
                C[i1:i2, j1:j2] += multiply(A[i1:i2, k1:k2], B[k1:k2, j1:j2])
    return C


def loads(n, k, m, size):
    return n * k * len(tiles(m, size)) + k * m * len(tiles(n, size))
