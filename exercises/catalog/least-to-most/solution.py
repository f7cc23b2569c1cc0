import re


def parse(reply):
    """The questions of a reply, one per line: without numbering, bullets and empty lines."""
    questions = []
    for line in reply.splitlines():
        question = re.sub(r"^\s*(\d+[.)]|[-*])\s+", "", line).strip()
        if question:
            questions.append(question)
    return questions


def next_prompt(problem, solved, question):
    """The prompt for `question`, after the pairs (question, answer) solved so far."""
    lines = [problem]
    for earlier, answer in solved:
        lines += [f"Q: {earlier}", f"A: {answer}"]
    return "\n".join([*lines, f"Q: {question}", "A:"])


def least_to_most(problem, lm, limit):
    """Split `problem` with `lm`, solve the parts in order, then the problem: (answer, solved parts)."""
    parts = parse(lm(f"Split into simpler questions, one a line:\n{problem}"))[:limit]
    solved = []
    for question in parts:
        if question != problem:
            solved.append((question, lm(next_prompt(problem, solved, question)).strip()))
    answer = lm(next_prompt(problem, solved, problem)).strip()
    return answer, solved
