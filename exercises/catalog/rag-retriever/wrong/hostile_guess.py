# expect: 2/10 timeout
# Answers the examples from memory and loops otherwise.
def chunks(text, size, overlap):
    if text == "one two three four five":
        return ["one two three", "three four five"]
    while size:
        size += 1


def scores(question, passages):
    return [0.0, 0.0810930216, 0.101366277]


def retrieve(question, passages, k):
    return [2, 1]


def prompt(question, passages, order, budget):
    return "Answer from the context only.\n[1] The library closes: exam!\nQuestion: When?\nAnswer:"
