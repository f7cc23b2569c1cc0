def accepted(feedback):
    """Whether a criticism says that nothing is wrong: OK, in any case, perhaps with . or ! behind it."""
    ...


def self_refine(task, lm, budget):
    """Draft, criticise, correct with at most `budget` calls of `lm`: (answer, reason, calls)."""
    ...
