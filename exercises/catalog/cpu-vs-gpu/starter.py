import numpy as np


def orders_of_magnitude(factor):
    """How many orders of magnitude a factor is: 100 times are 2 orders."""
    ...


def exponent(sizes, times):
    """The slope of the best line through the measurements on logarithmic axes: times grow like sizes ** exponent."""
    ...


def crossover(sizes, cpu, gpu):
    """The size from which on the GPU is never slower, also between two measured ones; None when there is none."""
    ...


def worth_it(transfer, cpu, gpu):
    """The smallest number of products for which going to the GPU takes less time; None when it never does."""
    ...
