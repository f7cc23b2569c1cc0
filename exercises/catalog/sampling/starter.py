import numpy as np


def probabilities(logits, temperature):
    """Softmax of logits / temperature, (V,); at temperature 0 all on the largest logit, the first of equals."""
    ...


def keep(p, top_k, top_p):
    """p (V,) cut down to the top_k most probable tokens, then to the nucleus top_p; the rest 0, the sum 1."""
    ...


def choose(p, u):
    """The first token whose cumulated probability exceeds u; the last possible one when rounding leaves none."""
    ...


def sample(logits, temperature, top_k, top_p, random):
    """One token. random() gives a number of [0, 1): called once, or not at all at temperature 0."""
    ...
