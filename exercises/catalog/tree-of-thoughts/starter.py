import re


def parse_ideas(reply):
    """The ideas of a reply, one per line, in order: stripped, without empty lines and repetitions."""
    ...


def parse_rating(reply):
    """The first whole number of a reply, 10 at most; 0 when there is none."""
    ...


def tree_of_thoughts(problem, lm, depth, width, budget):
    """Search level by level with at most `budget` calls of `lm`: (path, rating, calls)."""
    ...
