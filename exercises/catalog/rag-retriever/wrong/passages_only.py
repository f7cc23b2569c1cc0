# expect: 6/10
# Counts the passages alone against the budget.
import math
import re


def chunks(text, size, overlap):
    """Pieces of `size` words, each sharing `overlap` words with the one before: a list of texts."""
    if not 0 <= overlap < size:
        raise ValueError("the overlap must be at least 0 and smaller than the size")
    words = text.split()
    pieces = []
    start = 0
    while start < len(words):
        pieces.append(" ".join(words[start : start + size]))
        if start + size >= len(words):
            break
        start += size - overlap
    return pieces


def terms(text):
    """The terms of a text: runs of letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


def scores(question, passages):
    """How well each passage fits the question: a list of floats, by tf-idf."""
    bags = [terms(passage) for passage in passages]
    idf = {}
    for term in set(terms(question)):
        found = sum(term in bag for bag in bags)
        if found:
            idf[term] = math.log(len(passages) / found)
    return [sum(weight * bag.count(term) / max(1, len(bag)) for term, weight in idf.items()) for bag in bags]


def retrieve(question, passages, k):
    """Indices of the k best passages, best first; of equals the first; never one of score 0."""
    values = scores(question, passages)
    order = sorted((i for i, value in enumerate(values) if value > 0), key=lambda i: -values[i])
    return order[:k]


def prompt(question, passages, order, budget):
    """The prompt with the passages of `order` that fit into `budget` tokens; a token is a word between spaces."""
    head = ["Answer from the context only."]
    tail = [f"Question: {question}", "Answer:"]
    if tokens([*head, *tail]) > budget:
        raise ValueError("the question alone exceeds the budget")
    for i in order:
        line = f"[{len(head)}] {passages[i]}"
        if tokens([*head[1:], line]) <= budget:
            head.append(line)
    return "\n".join([*head, *tail])


def tokens(lines):
    return sum(len(line.split()) for line in lines)
