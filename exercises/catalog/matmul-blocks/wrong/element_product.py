# expect: 3/10
# Multiplies blocks element by element.
import numpy as np


def tiles(length, size):
    pieces = []
    start = 0
    while start < length:
        pieces.append((start, min(start + size, length)))
        start += size
    return pieces


def matmul(A, B, size, multiply=np.matmul):
    n, m = len(A), B.shape[1]
    C = np.zeros((n, m))
    for k1, k2 in tiles(len(B), size):
        for i1, i2 in tiles(n, size):
            for j1, j2 in tiles(m, size):
                C[i1:i2, j1:j2] += A[i1:i2, k1:k2] * B[k1:k2, j1:j2]
    return C


def loads(n, k, m, size):
    return n * k * len(tiles(m, size)) + k * m * len(tiles(n, size))
