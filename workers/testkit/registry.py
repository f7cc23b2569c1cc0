"""The decorators of tests.py and the list that they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TestFunction = Callable[..., Any]


@dataclass(frozen=True)
class Test:
    """One test of tests.py."""

    name: str
    points: float
    public: bool
    hint: dict[str, str] | None
    title: dict[str, str] | None
    function: TestFunction

    def facts(self) -> dict[str, Any]:
        """As plain data, for the manifest."""
        return {
            "name": self.name,
            "points": self.points,
            "public": self.public,
            "timing": False,
            "hint": dict(self.hint) if self.hint else None,
            "title": dict(self.title) if self.title else None,
        }


REGISTRY: list[Test] = []


def test(
    name: str,
    points: float = 1,
    public: bool = False,
    hint: Mapping[str, str] | None = None,
    title: Mapping[str, str] | None = None,
) -> Callable[[TestFunction], TestFunction]:
    """Declare a test: `name` as students read it, its points, whether they see its details, and a hint by language.

    `title` says the name in other languages: {"fr": "…"}. The function takes (solution, rng). Raises TypeError or
    ValueError for a wrong use.
    """
    check_common("test", name, points, public, hint, title)

    def declare(function: TestFunction) -> TestFunction:
        if not callable(function):
            raise TypeError(f"@test({name!r}) stands above a function (solution, rng)")
        texts = (dict(hint) if hint else None, dict(title) if title else None)
        REGISTRY.append(Test(name, float(points), public, *texts, function))
        return function

    return declare


test.__test__ = False  # type: ignore[attr-defined]  # pytest would else collect the decorator as a test


def check_common(word: str, name: object, points: object, public: object, hint: object, title: object) -> None:
    """What @test and @timing (`word`) have in common. Raises TypeError or ValueError that says what to write."""
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        raise ValueError(
            f'@{word}: the first argument is the name that students read, such as @{word}("Shape of the output")'
        )
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points <= 10_000:
        raise ValueError(f"@{word}({name!r}): points: a positive number is needed, not {points!r}")
    if not isinstance(public, bool):
        raise TypeError(f"@{word}({name!r}): public is True or False, not {public!r}")
    if hint is not None and not _is_texts(hint):
        raise TypeError(f'@{word}({name!r}): hint: write {{"en": "…", "fr": "…"}}')
    if title is not None and not _is_texts(title):
        raise TypeError(f'@{word}({name!r}): title: write {{"fr": "…"}}')


def _is_texts(texts: object) -> bool:
    return (
        isinstance(texts, Mapping) and bool(texts) and all(isinstance(x, str) for pair in texts.items() for x in pair)
    )
