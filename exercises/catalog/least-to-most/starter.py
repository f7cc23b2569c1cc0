import re


def parse(reply):
    """The questions of a reply, one per line: without numbering, bullets and empty lines."""
    ...


def next_prompt(problem, solved, question):
    """The prompt for `question`, after the pairs (question, answer) solved so far."""
    ...


def least_to_most(problem, lm, limit):
    """Split `problem` with `lm`, solve the parts in order, then the problem: (answer, solved parts)."""
    ...
