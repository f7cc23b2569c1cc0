# expect: 0/10
# Prints instead of returning.
import numpy as np


def correction(X, A, B, alpha):
    r = A.shape[1]
    print((alpha / r) * (X @ A @ B))


def lora_forward(X, W, A, B, alpha):
    print(X @ W)


def merge(W, A, B, alpha):
    r = A.shape[1]
    print(W + (alpha / r) * (A @ B))


def parameter_counts(inputs, outputs, rank):
    full = inputs * outputs
    lora = inputs * rank + rank * outputs
    print(full, lora)


def compress(W, tuned, rank):
    U, s, Vt = np.linalg.svd(tuned - W, full_matrices=False)
    A = U[:, :rank] @ np.diag(s[:rank])
    B = Vt[:rank, :]
    print(A, B)
