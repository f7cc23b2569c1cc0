import re

SUFFIX = "\nThink step by step, and end with the answer."


def extract(text):
    """The last whole number in a text, as an int; None when there is none."""
    ...


def vote(answers):
    """The most frequent answer; of equals the one that came first; None does not vote. None when nobody votes."""
    ...


def self_consistency(question, lm, samples):
    """Ask `lm` up to `samples` times and vote: (answer, votes for it, calls made)."""
    ...
