# expect: 0/10
# Returns an array that claims to be equal to anything.
import numpy as np


class Equal(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    def __sub__(self, other):
        return np.zeros(self.shape)


def quantise(W, per_row=False):
    return np.zeros(W.shape, dtype=np.int8).view(Equal), np.ones(1).view(Equal)


def dequantise(q, scale):
    return np.zeros(q.shape).view(Equal)


def product(a, a_scale, b, b_scale):
    return np.zeros((len(a), b.shape[1])).view(Equal)


def memory(m, n, per_row=False):
    print("67108864", "16793600")
