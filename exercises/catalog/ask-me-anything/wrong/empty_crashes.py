# expect: 8/10 crashed
# Takes the first word of an empty reply.
import math


def yes_no(reply):
    """True, False or None: what the first word of a reply says."""
    words = reply.split()
    first = words[0].strip(".,;:!?").lower()
    return {"yes": True, "true": True, "no": False, "false": False}.get(first)


def ask(claim, chain, lm):
    """Turn a claim into a question and ask it, in two calls: True, False or None."""
    reformat, answer = chain
    question = lm(reformat.replace("{claim}", claim)).strip()
    return yes_no(lm(answer.replace("{question}", question)))


def weight(answers, truths):
    """How far a chain can be trusted: ln((right + 1) / (wrong + 1)) over the examples that it answered."""
    right = sum(answer is truth for answer, truth in zip(answers, truths))
    wrong = sum(answer is (not truth) for answer, truth in zip(answers, truths))
    return math.log((right + 1) / (wrong + 1))


def ask_me_anything(claim, chains, weights, lm):
    """Weighted vote of all chains whose weight is not 0: (True, False or None, score)."""
    score = 0.0
    for chain, trust in zip(chains, weights):
        if trust != 0:
            answer = ask(claim, chain, lm)
            if answer is not None:
                score += trust if answer else -trust
    return None if score == 0 else score > 0, score
