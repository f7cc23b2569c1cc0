import numpy as np


def orders_of_magnitude(factor):
    """How many orders of magnitude a factor is: 100 times are 2 orders."""
    return float(np.log10(factor))


def exponent(sizes, times):
    """The slope of the best line through the measurements on logarithmic axes: times grow like sizes ** exponent."""
    x, y = np.log(sizes), np.log(times)
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / (x @ x))


def crossover(sizes, cpu, gpu):
    """The size from which on the GPU is never slower, also between two measured ones; None when there is none."""
    lead = np.log(cpu) - np.log(gpu)  # positive where the GPU wins
    slower = np.flatnonzero(lead < 0)
    if len(slower) == 0:
        return float(sizes[0])
    last = slower[-1]
    if last == len(lead) - 1:
        return None
    part = lead[last] / (lead[last] - lead[last + 1])
    return float(sizes[last] * (sizes[last + 1] / sizes[last]) ** part)


def worth_it(transfer, cpu, gpu):
    """The smallest number of products for which going to the GPU takes less time; None when it never does."""
    if gpu >= cpu:
        return None
    return int(transfer // (cpu - gpu)) + 1
