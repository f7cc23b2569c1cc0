# expect: 7/10
# Merges A B without alpha / r.
import numpy as np


def correction(X, A, B, alpha):
    r = A.shape[1]
    return (alpha / r) * (X @ A @ B)


def lora_forward(X, W, A, B, alpha):
    return X @ W + correction(X, A, B, alpha)


def merge(W, A, B, alpha):
    r = A.shape[1]
    return W + A @ B


def parameter_counts(inputs, outputs, rank):
    full = inputs * outputs
    lora = inputs * rank + rank * outputs
    return full, lora


def compress(W, tuned, rank):
    U, s, Vt = np.linalg.svd(tuned - W, full_matrices=False)
    A = U[:, :rank] @ np.diag(s[:rank])
    B = Vt[:rank, :]
    return A, B
