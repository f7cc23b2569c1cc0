import numpy as np


def correction(X, A, B, alpha):
    """alpha / r times X A B, of shape (n, outputs)."""
    return alpha / A.shape[1] * ((X @ A) @ B)


def lora_forward(X, W, A, B, alpha):
    """The frozen layer and its correction, of shape (n, outputs)."""
    return X @ W + correction(X, A, B, alpha)


def merge(W, A, B, alpha):
    """One matrix of the shape of W that does the same."""
    return W + alpha / A.shape[1] * (A @ B)


def parameter_counts(inputs, outputs, rank):
    """Weights that learn: (in a full fine-tuning, with LoRA)."""
    return inputs * outputs, rank * (inputs + outputs)


def compress(W, tuned, rank):
    """(A, B) of this rank with W + A B as close to tuned as possible."""
    U, s, Vt = np.linalg.svd(tuned - W, full_matrices=False)
    return U[:, :rank] * s[:rank], Vt[:rank]
