import numpy as np


def tiles(length, size):
    """The pieces (start, end) of a length, in order."""
    return [(start, min(start + size, length)) for start in range(0, length, size)]


def matmul(A, B, size, multiply=np.matmul):
    """The product of A (n, k) and B (k, m), one call of multiply per triple of pieces."""
    C = np.zeros((A.shape[0], B.shape[1]))
    for i, i_end in tiles(A.shape[0], size):
        for j, j_end in tiles(B.shape[1], size):
            for k, k_end in tiles(A.shape[1], size):
                C[i:i_end, j:j_end] += multiply(A[i:i_end, k:k_end], B[k:k_end, j:j_end])
    return C


def loads(n, k, m, size):
    """Numbers read from slow memory: the elements of both blocks, for every call of multiply."""
    # Each block of A is read once for every piece of m, each block of B once for every piece of n.
    return n * k * -(-m // size) + k * m * -(-n // size)
