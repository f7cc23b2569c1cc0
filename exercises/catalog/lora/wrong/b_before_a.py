# expect: 7/10 crashed
# Multiplies B by A.
import numpy as np


def correction(X, A, B, alpha):
    r = A.shape[1]
    return (alpha / r) * (X @ A @ B)


def lora_forward(X, W, A, B, alpha):
    return X @ W + correction(X, A, B, alpha)


def merge(W, A, B, alpha):
    r = A.shape[1]
    return W + (alpha / r) * (B @ A)


def parameter_counts(inputs, outputs, rank):
    full = inputs * outputs
    lora = inputs * rank + rank * outputs
    return full, lora


def compress(W, tuned, rank):
    U, s, Vt = np.linalg.svd(tuned - W, full_matrices=False)
    A = U[:, :rank] @ np.diag(s[:rank])
    B = Vt[:rank, :]
    return A, B
