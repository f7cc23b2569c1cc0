# expect: 7/10
# Leaves the word itself among its neighbours.
import numpy as np


def similarities(q, E):
    """Cosine similarity of the vector q (d,) with each row of E (n, d): (n,) floats; 0 where a vector is zero."""
    products = E @ q
    lengths = np.linalg.norm(E, axis=1) * np.linalg.norm(q)
    return np.divide(products, lengths, out=np.zeros(len(E)), where=lengths > 0)


def search(q, E, k):
    """Indices of the k rows of E most similar to q, most similar first; of equals the lower index: (min(k, n),) ints."""
    return np.argsort(-similarities(q, E), kind="stable")[:k]


def neighbours(word, words, E, k):
    """The k other words nearest to `word`: a list of (word, similarity). KeyError when `word` is not in `words`."""
    if word not in words:
        raise KeyError(word)
    own = words.index(word)
    scores = similarities(E[own], E)
    others = list(search(E[own], E, len(words)))
    return [(words[i], float(scores[i])) for i in others[:k]]
