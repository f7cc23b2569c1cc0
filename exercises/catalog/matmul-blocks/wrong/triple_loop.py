# expect: 6/10 timeout
# The definition of the product, number by number: right, and thousands of times too slow.
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
    for i in range(n):
        for j in range(m):
            for k in range(len(B)):
                C[i, j] += A[i, k] * B[k, j]
    return C


def loads(n, k, m, size):
    return n * k * len(tiles(m, size)) + k * m * len(tiles(n, size))
