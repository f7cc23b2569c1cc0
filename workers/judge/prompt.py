"""`solution` as tests.py of a prompt exercise sees it: a template, completed for rows by the node's model."""

from __future__ import annotations

from collections.abc import Iterable

from workers.judge.solution import Session, Unusable


class PromptSolution:
    """The first argument of a test."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def template(self) -> str:
        """The student's text, with its placeholder."""
        return str(self._session.ask("template", {"op": "template"}))

    def complete(
        self, rows: Iterable[str], model: str = "", raw: bool | None = None, max_new_tokens: int | None = None
    ) -> list[str]:
        """One completion for each row, in order: the row is put in the placeholder's place.

        model: a role that exercise.toml names; its `model` when not given. raw: without the chat template, as a text to
        go on with; as exercise.toml says when not given. max_new_tokens: at most what exercise.toml says. Raises
        TypeError for rows that are no texts.
        """
        texts = [rows] if isinstance(rows, str) else list(rows)
        if isinstance(rows, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError("tests.py: solution.complete takes a list of texts")
        request = {"op": "complete", "rows": [str(text) for text in texts], "model": model, "raw": raw}
        answer = self._session.ask("complete", request | {"max_new_tokens": max_new_tokens})
        if type(answer) is not list or len(answer) != len(texts) or not all(type(text) is str for text in answer):
            raise Unusable({"kind": "malformed"}, "complete")
        return answer
