import re

SUFFIX = "\nThink step by step, and end with the answer."


def extract(text):
    """The last whole number in a text, as an int; None when there is none."""
    numbers = re.findall(r"-?\d+", text)
    return int(numbers[-1]) if numbers else None


def vote(answers):
    """The most frequent answer; of equals the one that came first; None does not vote. None when nobody votes."""
    votes = [answer for answer in answers if answer is not None]
    return max(votes, key=votes.count, default=None)


def self_consistency(question, lm, samples):
    """Ask `lm` up to `samples` times and vote: (answer, votes for it, calls made)."""
    answers = []
    while len(answers) < samples:
        answers.append(extract(lm(question + SUFFIX)))
        counts = sorted((answers.count(one) for one in {*answers} - {None}), reverse=True)
        first, second = [*counts, 0, 0][:2]
        if first > second + samples - len(answers):
            break
    winner = vote(answers)
    return winner, 0 if winner is None else answers.count(winner), len(answers)
