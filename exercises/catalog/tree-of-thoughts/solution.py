import re


def parse_ideas(reply):
    """The ideas of a reply, one per line, in order: stripped, without empty lines and repetitions."""
    ideas = []
    for line in reply.splitlines():
        idea = line.strip()
        if idea and idea not in ideas:
            ideas.append(idea)
    return ideas


def parse_rating(reply):
    """The first whole number of a reply, 10 at most; 0 when there is none."""
    found = re.search(r"\d+", reply)
    return min(10, int(found.group())) if found else 0


def tree_of_thoughts(problem, lm, depth, width, budget):
    """Search level by level with at most `budget` calls of `lm`: (path, rating, calls)."""
    kept = [([], 0)]
    calls = 0
    for _ in range(depth):
        rated = []
        for path, _ in kept:
            if calls == budget:
                break
            ideas = parse_ideas(lm("\n".join([problem, *path, "Next step? One idea a line."])))
            calls += 1
            for idea in ideas:
                if calls == budget:
                    break
                longer = [*path, idea]
                rated.append((longer, parse_rating(lm("\n".join([problem, *longer, "Rate this from 0 to 10."])))))
                calls += 1
        if not rated:
            break
        kept = sorted(rated, key=lambda pair: -pair[1])[:width]
    return *kept[0], calls
