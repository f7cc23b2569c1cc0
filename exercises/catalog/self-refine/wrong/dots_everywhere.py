# expect: 9/10
# Removes dots everywhere: o.k. is accepted too.
def accepted(feedback):
    """Whether a criticism says that nothing is wrong: OK, in any case, perhaps with . or ! behind it."""
    return feedback.strip().replace(".", "").replace("!", "").lower() == "ok"


def self_refine(task, lm, budget):
    """Draft, criticise, correct with at most `budget` calls of `lm`: (answer, reason, calls)."""
    if budget < 1:
        raise ValueError("at least one call is needed")
    answer = lm(f"Task: {task}\nAnswer:").strip()
    calls = 1
    answers = [answer]
    while calls + 2 <= budget:
        feedback = lm(f"Task: {task}\nAnswer: {answer}\nWhat is wrong? Say OK if nothing is.").strip()
        calls += 1
        if accepted(feedback):
            return answer, "accepted", calls
        answer = lm(f"Task: {task}\nAnswer: {answer}\nCriticism: {feedback}\nBetter answer:").strip()
        calls += 1
        if answer in answers:
            return answer, "repeated", calls
        answers.append(answer)
    return answer, "budget", calls
