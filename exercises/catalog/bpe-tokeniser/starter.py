def train(text, count):
    """Learn at most `count` merges from `text`: a list of pairs (left, right) of ids, in the order learnt."""
    ...


def encode(text, merges):
    """The list of ids of `text`."""
    ...


def decode(ids, merges):
    """The text of a list of ids; an id that does not exist raises ValueError."""
    ...


def costs(texts, merges, reference):
    """For each language of `texts`, its number of tokens divided by that of the language `reference`."""
    ...
