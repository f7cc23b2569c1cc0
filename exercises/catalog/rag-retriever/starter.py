import math
import re


def chunks(text, size, overlap):
    """Pieces of `size` words, each sharing `overlap` words with the one before: a list of texts."""
    ...


def terms(text):
    """The terms of a text: runs of letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


def scores(question, passages):
    """How well each passage fits the question: a list of floats, by tf-idf."""
    ...


def retrieve(question, passages, k):
    """Indices of the k best passages, best first; of equals the first; never one of score 0."""
    ...


def prompt(question, passages, order, budget):
    """The prompt with the passages of `order` that fit into `budget` tokens; a token is a word between spaces."""
    ...
