# expect: 8/10
# Takes the first columns of the difference for A, and solves for B.
import numpy as np


def correction(X, A, B, alpha):
    r = A.shape[1]
    return (alpha / r) * (X @ A @ B)


def lora_forward(X, W, A, B, alpha):
    return X @ W + correction(X, A, B, alpha)


def merge(W, A, B, alpha):
    r = A.shape[1]
    return W + (alpha / r) * (A @ B)


def parameter_counts(inputs, outputs, rank):
    full = inputs * outputs
    lora = inputs * rank + rank * outputs
    return full, lora


def compress(W, tuned, rank):
    A = (tuned - W)[:, :rank]
    B = np.linalg.pinv(A) @ (tuned - W)
    return A, B
