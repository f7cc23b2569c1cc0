def normalise(text):
    """The words of a text: lower case, everything but letters and digits taken for a space."""
    ...


def ngrams(words, n):
    """The set of runs of n consecutive words, as tuples."""
    ...


def overlaps(benchmark, training, n):
    """For each item of the benchmark the share of its n-grams that occur in the training texts: a list of floats."""
    ...


def contaminated(benchmark, training, n, threshold):
    """Indices of the items whose overlap is at least `threshold`, ascending."""
    ...


def accuracies(correct, flagged):
    """(accuracy on all items, accuracy on the items not flagged); None where there is no item."""
    ...
