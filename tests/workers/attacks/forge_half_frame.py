# attack: forge_half_frame
# category: forge
# success: score slow grader
# honest: 0/10
# means: announces an answer of 64 MiB and sends a part of it, byte by byte
import os
import struct
import sys
import time

import numpy as np

HEADER = struct.Struct("<BQII")


def _question():
    """The number of the open question, from the frames below."""
    frame = sys._getframe()
    while frame is not None:
        number = getattr(frame.f_locals.get("self"), "_question", 0)
        if number:
            return number
        frame = frame.f_back
    return 1


def _act():
    os.write(3, HEADER.pack(11, _question(), 24 << 20, 64 << 20))
    while True:
        os.write(3, b" ")
        time.sleep(0.005)


def activation_derivative(name, z):
    _act()
    return np.full_like(z, 7.0)


def backward(X, y, W, b, activation):
    return -1.0, np.full_like(W, 7.0), np.full_like(b, 7.0)
