# expect: 5/10
# Multiplies by the temperature: hot becomes cold.
import numpy as np


def probabilities(logits, temperature):
    """Softmax of logits / temperature, (V,); at temperature 0 all on the largest logit, the first of equals."""
    if temperature == 0:
        p = np.zeros(len(logits))
        p[np.argmax(logits)] = 1.0
        return p
    powers = np.exp((logits - np.max(logits)) * temperature)
    return powers / powers.sum()


def keep(p, top_k, top_p):
    """p (V,) cut down to the top_k most probable tokens, then to the nucleus top_p; the rest 0, the sum 1."""
    order = np.argsort(-p, kind="stable")[:top_k]
    total = np.cumsum(p[order]) / p[order].sum()
    # All tokens before which the sum is still below top_p: the first always is one of them.
    nucleus = order[np.append(0.0, total[:-1]) < top_p]
    kept = np.zeros(len(p))
    kept[nucleus] = p[nucleus] / p[nucleus].sum()
    return kept


def choose(p, u):
    """The first token whose cumulated probability exceeds u; the last possible one when rounding leaves none."""
    above = np.flatnonzero(np.cumsum(p) > u)
    return int(above[0]) if len(above) else int(np.flatnonzero(p)[-1])


def sample(logits, temperature, top_k, top_p, random):
    """One token. random() gives a number of [0, 1): called once, or not at all at temperature 0."""
    p = probabilities(logits, temperature)
    if temperature == 0:
        return int(np.argmax(p))
    return choose(keep(p, top_k, top_p), random())
