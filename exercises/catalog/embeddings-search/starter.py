import numpy as np


def similarities(q, E):
    """Cosine similarity of the vector q (d,) with each row of E (n, d): (n,) floats; 0 where a vector is zero."""
    ...


def search(q, E, k):
    """Indices of the k rows of E most similar to q, most similar first; of equals the lower index: (min(k, n),) ints."""
    ...


def neighbours(word, words, E, k):
    """The k other words nearest to `word`: a list of (word, similarity). KeyError when `word` is not in `words`."""
    ...
