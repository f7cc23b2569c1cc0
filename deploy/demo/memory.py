# expect: 0/10 memory
# exercise: activation-derivatives
# Asks for memory until there is none, and keeps it.
import numpy as np

KEPT = []


def activation(name, z):
    while True:
        KEPT.append(np.zeros(16 << 20))


activation_derivative = activation
