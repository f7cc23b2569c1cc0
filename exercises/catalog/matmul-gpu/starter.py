import numpy as np
import torch


def product(A, B):
    """A @ B of two float32 arrays, computed on the GPU in full float32 precision."""
    ...


def many(A, Bs):
    """The products of A with each matrix of Bs, an array (r, k, m): one array (r, n, m)."""
    ...


def power_times(A, v, steps):
    """A applied `steps` times to v, each result divided by its length before the next step."""
    ...
