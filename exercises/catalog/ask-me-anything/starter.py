import math


def yes_no(reply):
    """True, False or None: what the first word of a reply says."""
    ...


def ask(claim, chain, lm):
    """Turn a claim into a question and ask it, in two calls: True, False or None."""
    ...


def weight(answers, truths):
    """How far a chain can be trusted: ln((right + 1) / (wrong + 1)) over the examples that it answered."""
    ...


def ask_me_anything(claim, chains, weights, lm):
    """Weighted vote of all chains whose weight is not 0: (True, False or None, score)."""
    ...
