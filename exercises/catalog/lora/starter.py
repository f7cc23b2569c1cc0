import numpy as np


def correction(X, A, B, alpha):
    """alpha / r times X A B, of shape (n, outputs)."""
    ...


def lora_forward(X, W, A, B, alpha):
    """The frozen layer and its correction, of shape (n, outputs)."""
    ...


def merge(W, A, B, alpha):
    """One matrix of the shape of W that does the same."""
    ...


def parameter_counts(inputs, outputs, rank):
    """Weights that learn: (in a full fine-tuning, with LoRA)."""
    ...


def compress(W, tuned, rank):
    """(A, B) of this rank with W + A B as close to tuned as possible."""
    ...
