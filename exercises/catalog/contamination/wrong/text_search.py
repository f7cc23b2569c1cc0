# expect: 7/10 timeout
# Looks for the text of a run anywhere, even inside words, and reads every training text anew for each run.
def normalise(text):
    """The words of a text: lower case, everything but letters and digits taken for a space."""
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def ngrams(words, n):
    """The set of runs of n consecutive words, as tuples."""
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def overlaps(benchmark, training, n):
    """For each item of the benchmark the share of its n-grams that occur in the training texts: a list of floats."""
    texts = [normalise(text) for text in training]
    seen = {}  # length: all runs of that length in the training texts
    shares = []
    for item in benchmark:
        words = normalise(item)
        length = min(n, len(words))
        if length == 0:
            shares.append(0.0)
            continue
        if length not in seen:
            seen[length] = set().union(*(ngrams(text, length) for text in texts))
        own = ngrams(words, length)
        shares.append(sum(any(" ".join(run) in " ".join(normalise(text)) for text in training) for run in own) / len(own))
    return shares


def contaminated(benchmark, training, n, threshold):
    """Indices of the items whose overlap is at least `threshold`, ascending."""
    return [i for i, share in enumerate(overlaps(benchmark, training, n)) if share >= threshold]


def accuracies(correct, flagged):
    """(accuracy on all items, accuracy on the items not flagged); None where there is no item."""
    clean = [right for i, right in enumerate(correct) if i not in set(flagged)]
    return mean(correct), mean(clean)


def mean(answers):
    return sum(answers) / len(answers) if answers else None
