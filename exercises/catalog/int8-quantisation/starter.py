import numpy as np


def quantise(W, per_row=False):
    """Symmetric int8 quantisation of W (m, n): (q, scale), q int8 (m, n), scale one float or floats (m, 1)."""
    ...


def dequantise(q, scale):
    """The float weights (m, n) that q (m, n) and its scale stand for."""
    ...


def product(a, a_scale, b, b_scale):
    """Product of two quantised matrices a (m, k) and b (k, n), each with one scale: floats (m, n)."""
    ...


def memory(m, n, per_row=False):
    """Bytes of an (m, n) matrix: (as float32, as int8 with its scales)."""
    ...
