# expect: 5/10
# Takes the number of inputs for the rank.
import numpy as np


def correction(X, A, B, alpha):
    r = A.shape[0]
    return (alpha / r) * (X @ A @ B)


def lora_forward(X, W, A, B, alpha):
    return X @ W + correction(X, A, B, alpha)


def merge(W, A, B, alpha):
    r = A.shape[0]
    return W + (alpha / r) * (A @ B)


def parameter_counts(inputs, outputs, rank):
    full = inputs * outputs
    lora = inputs * rank + rank * outputs
    return full, lora


def compress(W, tuned, rank):
    U, s, Vt = np.linalg.svd(tuned - W, full_matrices=False)
    A = U[:, :rank] @ np.diag(s[:rank])
    B = Vt[:rank, :]
    return A, B
