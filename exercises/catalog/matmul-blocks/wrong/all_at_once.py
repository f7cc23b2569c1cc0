# expect: 8/10
# A single product: right and fast, but without blocks.
import numpy as np


def tiles(length, size):
    pieces = []
    start = 0
    while start < length:
        pieces.append((start, min(start + size, length)))
        start += size
    return pieces


def matmul(A, B, size, multiply=np.matmul):
    C = multiply(A, B)
    return C


def loads(n, k, m, size):
    return n * k * len(tiles(m, size)) + k * m * len(tiles(n, size))
