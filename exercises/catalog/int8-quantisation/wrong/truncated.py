# expect: 4/10
# Converts to whole numbers without rounding.
import numpy as np


def quantise(W, per_row=False):
    """Symmetric int8 quantisation of W (m, n): (q, scale), q int8 (m, n), scale one float or floats (m, 1)."""
    W = np.asarray(W, dtype=float)
    if per_row:
        largest = np.max(np.abs(W), axis=1, keepdims=True)
        scale = np.where(largest > 0, largest / 127, 1.0)
    else:
        largest = np.max(np.abs(W))
        scale = float(largest / 127) if largest > 0 else 1.0
    return (W / scale).astype(np.int8), scale


def dequantise(q, scale):
    """The float weights (m, n) that q (m, n) and its scale stand for."""
    return q * np.asarray(scale, dtype=float)


def product(a, a_scale, b, b_scale):
    """Product of two quantised matrices a (m, k) and b (k, n), each with one scale: floats (m, n)."""
    return a_scale * b_scale * (a.astype(np.int32) @ b.astype(np.int32))


def memory(m, n, per_row=False):
    """Bytes of an (m, n) matrix: (as float32, as int8 with its scales)."""
    return 4 * m * n, m * n + 4 * (m if per_row else 1)
