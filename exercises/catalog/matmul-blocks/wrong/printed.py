# expect: 0/10
# Prints instead of returning.
import numpy as np


def tiles(length, size):
    pieces = []
    start = 0
    while start < length:
        pieces.append((start, min(start + size, length)))
        start += size
    print(pieces)
    return None


def matmul(A, B, size, multiply=np.matmul):
    C = A @ B
    print(C)


def loads(n, k, m, size):
    print(n * k * (m // size) + k * m * (n // size))
