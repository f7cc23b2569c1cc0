# expect: 8/10 crashed
# Decodes strictly: half a character raises UnicodeDecodeError.
from collections import Counter


def merged(ids, pair, new):
    """The sequence with each occurrence of `pair`, from left to right, replaced by `new`."""
    result = []
    i = 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            result.append(new)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def train(text, count):
    """Learn at most `count` merges from `text`: a list of pairs (left, right) of ids, in the order learnt."""
    ids = list(text.encode("utf-8"))
    merges = []
    while len(merges) < count:
        pairs = Counter(zip(ids, ids[1:]))
        if not pairs:
            break
        # Most frequent first; of equally frequent pairs the smallest.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        ids = merged(ids, best, 256 + len(merges))
        merges.append(best)
    return merges


def encode(text, merges):
    """The list of ids of `text`."""
    ids = list(text.encode("utf-8"))
    for rank, pair in enumerate(merges):
        ids = merged(ids, tuple(pair), 256 + rank)
    return ids


def decode(ids, merges):
    """The text of a list of ids; an id that does not exist raises ValueError."""
    vocabulary = [bytes([value]) for value in range(256)]
    for left, right in merges:
        vocabulary.append(vocabulary[left] + vocabulary[right])
    for one in ids:
        if not 0 <= one < len(vocabulary):
            raise ValueError(f"there is no token {one}")
    return b"".join(vocabulary[one] for one in ids).decode("utf-8")


def costs(texts, merges, reference):
    """For each language of `texts`, its number of tokens divided by that of the language `reference`."""
    lengths = {language: len(encode(text, merges)) for language, text in texts.items()}
    return {language: length / lengths[reference] for language, length in lengths.items()}
