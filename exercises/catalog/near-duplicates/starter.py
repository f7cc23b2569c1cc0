import zlib

PRIME = 4_294_967_311  # the smallest prime above 2^32


def shingles(text, k):
    """The set of runs of k consecutive words, in lower case; of all words when there are fewer than k."""
    ...


def jaccard(a, b):
    """|a ∩ b| / |a ∪ b| of two sets; 1.0 for two empty ones."""
    ...


def signature(items, hashes):
    """MinHash signature of a set of texts: for each (a, b) of `hashes` the smallest (a x + b) mod PRIME."""
    ...


def estimate(first, second):
    """Share of the positions at which two signatures of the same length agree."""
    ...


def near_duplicates(texts, k, hashes, threshold):
    """All pairs (i, j), i < j, whose estimated similarity is at least `threshold`, in ascending order."""
    ...
