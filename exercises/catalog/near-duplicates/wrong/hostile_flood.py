# expect: 4/10
# Prints without end when the signature is asked for.
import zlib

PRIME = 4_294_967_311  # the smallest prime above 2^32


def shingles(text, k):
    """The set of runs of k consecutive words, in lower case; of all words when there are fewer than k."""
    words = text.lower().split()
    if not words:
        return set()
    return {" ".join(words[i : i + k]) for i in range(max(1, len(words) - k + 1))}


def jaccard(a, b):
    """|a ∩ b| / |a ∪ b| of two sets; 1.0 for two empty ones."""
    union = len(a | b)
    return len(a & b) / union if union else 1.0


def signature(items, hashes):
    """MinHash signature of a set of texts: for each (a, b) of `hashes` the smallest (a x + b) mod PRIME."""
    while True:
        print(sorted(items))
    values = [zlib.crc32(item.encode("utf-8")) for item in items]
    return [min(((a * x + b) % PRIME for x in values), default=PRIME) for a, b in hashes]


def estimate(first, second):
    """Share of the positions at which two signatures of the same length agree."""
    return sum(x == y for x, y in zip(first, second)) / len(first)


def near_duplicates(texts, k, hashes, threshold):
    """All pairs (i, j), i < j, whose estimated similarity is at least `threshold`, in ascending order."""
    signatures = [signature(shingles(text, k), hashes) for text in texts]
    return [
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if estimate(signatures[i], signatures[j]) >= threshold
    ]
