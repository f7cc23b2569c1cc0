"""Helpers of the publish gate's tests: a small sound exercise, written to disk and broken on purpose."""

from __future__ import annotations

from pathlib import Path

TESTS = """
from workers.testkit import assert_equal, test


@test("Small numbers", points=4, public=True, hint={"en": "Use the slope.", "fr": "Utilisez la pente."})
def small(solution, rng):
    assert_equal(solution.line(2, 5, 1), 11)


@test("Other numbers", points=6, hint={"en": "Mind the signs.", "fr": "Attention aux signes."})
def others(solution, rng):
    for _ in range(5):
        a, x, b = (int(n) for n in rng.integers(3, 99, size=3))
        assert_equal(solution.line(a, -x, b), b - x * a)
"""
SOUND = {
    "exercise.toml": """title = { en = "A line", fr = "Une droite" }
kind = "code"
[limits]
seconds = 1
total_seconds = 5
memory_mb = 256
[check]
strength = 0.95
""",
    "statement.en.md": "Write `line(a, x, b)`.\n",
    "statement.fr.md": "Écrivez `line(a, x, b)`.\n",
    "starter.py": "def line(a, x, b):\n    ...\n",
    "solution.py": "def line(a, x, b):\n    return a * x + b\n",
    "tests.py": TESTS,
    "wrong/constant.py": "# expect: 4/10 partial\ndef line(a, x, b):\n    return 11\n",
    "wrong/minus.py": "# expect: 0/10\ndef line(a, x, b):\n    return a * x - b\n",
    "wrong/raises.py": "# expect: 4/10 crashed\ndef line(a, x, b):\n    return [a * x + b][x - 5]\n",
}


def write(folder: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """Write the sound exercise with some files changed, added, or with None left out."""
    for path, content in {**SOUND, **(changes or {})}.items():
        if content is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def changed(path: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """One file of the sound exercise with a piece of its text replaced."""
    assert old in SOUND[path]
    return {path: SOUND[path].replace(old, new)}
