"""Prompt exercises: the node's model stands where the student's process stands in a code exercise.

A test's `solution.complete(rows)` arrives as a CALL like any other; here it becomes prompts, one for each row, and the
completions go back as the REPLY. No student code runs. What the template may cost is settled before the model is asked;
what goes wrong with the model is the machine's fault, never a grade.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from workers.grader.clean import clean
from workers.grader.errors import StudentFault
from workers.grader.model_link import BadCall
from workers.jobs.report import CompletionCall, CompletionRow, PromptReport, TestEntry
from workers.jobs.sentences import gettext_noop, sentence
from workers.jobs.spec import PromptSpec
from workers.models.interface import ModelFacts
from workers.models.node import Answer, Models

EXPECT_LINE = re.compile(r"# expect:[^\n]*(\n|$)")
MAX_PLACEHOLDERS = 4
MAX_ROWS = 200  # of one call
MAX_ROW = 20_000  # characters
RUN_TOKENS = 100_000  # prompts and completions of one run together
SHOWN = 4000  # characters of a row and of an output that the report keeps

EMPTY = gettext_noop("Your prompt is empty.")
NO_PLACEHOLDER = gettext_noop("Your prompt does not hold {placeholder}: each example is put in its place.")
MANY_PLACEHOLDERS = gettext_noop("Your prompt holds {placeholder} {count} times; {limit} times is the most.")
TOO_LONG = gettext_noop("Your prompt has {tokens} tokens; this exercise allows {limit}.")
TOO_MUCH = gettext_noop(
    "With all examples in it, your prompt comes to {tokens} tokens; {limit} is the most: write {placeholder} once."
)


@dataclass(frozen=True)
class Asked:
    """One call of `solution.complete`, checked."""

    rows: list[str]
    role: str
    raw: bool
    max_new_tokens: int


def template_of(source: str) -> str:
    """The text that goes to the model: without the first line of a file in wrong/, and without the file's last line
    ends, which editors add and which a model would take for an answer's beginning."""
    text = source.removeprefix("\ufeff").replace("\r\n", "\n")
    expected = EXPECT_LINE.match(text)
    return text[expected.end() if expected else 0 :].rstrip("\n")


class Prompts:
    """One run's template, and the account of what the model was asked with it."""

    def __init__(self, spec: PromptSpec, models: Models, source: str, cache: bool = True) -> None:
        self.spec = spec
        self.template = template_of(source)
        self._models = models
        self._cache = cache
        self._tokens = 0
        self._spent = 0
        self._facts: dict[str, ModelFacts] = {}
        self._known: dict[tuple[str, bool, int, str], Answer] = {}  # of this run: two tests may ask the same
        self._calls: list[CompletionCall] = []
        self._test: TestEntry | None = None
        self.seconds = 0.0  # waited for models

    def begin(self, entry: TestEntry) -> None:
        """The completions from now on belong to this test."""
        self._test = entry

    # ---- before anything runs ---------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises StudentFault("rejected") for a template that cannot be used, ModelFault."""
        mark, limit = self.spec.placeholder, self.spec.max_prompt_tokens
        if not self.template.strip():
            raise StudentFault("rejected", sentence(EMPTY))
        count = self.template.count(mark)
        if not count:
            raise StudentFault("rejected", sentence(NO_PLACEHOLDER, placeholder=mark))
        if count > MAX_PLACEHOLDERS:
            values: dict[str, str | int] = {"placeholder": mark, "count": count, "limit": MAX_PLACEHOLDERS}
            raise StudentFault("rejected", sentence(MANY_PLACEHOLDERS, **values))
        self._tokens = self._count(self.spec.model, [self.template.replace(mark, "")])[0]
        if self._tokens > limit:
            raise StudentFault("rejected", sentence(TOO_LONG, tokens=self._tokens, limit=limit))

    def _count(self, role: str, texts: list[str]) -> list[int]:
        began = time.monotonic()
        try:
            return self._models.count_tokens(role, texts)
        finally:
            self.seconds += time.monotonic() - began

    def answer(self, question: dict[str, Any]) -> Any:
        """Answer one question of tests.py. Raises BadCall, StudentFault, ModelFault."""
        if question.get("op") == "complete":
            return self.complete(question)
        if question.get("op") == "template":
            return self.template
        raise BadCall("a prompt has `complete` and `template`, nothing else")

    # ---- completions ------------------------------------------------------------------------------------------------

    def complete(self, request: dict[str, Any]) -> list[str]:
        """The completions of one call. Raises BadCall, StudentFault, ModelFault."""
        asked = self._checked(request)
        prompts = [self.template.replace(self.spec.placeholder, row) for row in asked.rows]
        self._charge(asked, prompts)
        began = time.monotonic()
        try:
            answers = self._ask(asked, prompts)
        finally:
            self.seconds += time.monotonic() - began
        outputs = [cut(answer.completion.text, self.spec.stop) for answer in answers]
        self._note(asked, answers, outputs, time.monotonic() - began)
        return outputs

    def _checked(self, request: dict[str, Any]) -> Asked:
        rows, role = request.get("rows"), request.get("model") or self.spec.model
        raw = self.spec.raw if request.get("raw") is None else request["raw"]
        limit = request.get("max_new_tokens") or self.spec.max_new_tokens
        if type(rows) is not list or not rows or any(type(row) is not str for row in rows):
            raise BadCall("rows: a list of texts is needed, with one at least")
        if len(rows) > MAX_ROWS or any(len(row) > MAX_ROW for row in rows):
            raise BadCall(f"rows: {MAX_ROWS} of {MAX_ROW} characters each are the most")
        if role not in self.spec.roles:
            raise BadCall(f"model: {role!r} is not named in exercise.toml ([prompt] model, also)")
        if type(raw) is not bool or type(limit) is not int or not 1 <= limit <= self.spec.max_new_tokens:
            raise BadCall(
                f"max_new_tokens: from 1 to {self.spec.max_new_tokens}, as exercise.toml says; raw: a boolean"
            )
        return Asked(rows, role, raw, limit)

    def _charge(self, asked: Asked, prompts: list[str]) -> None:
        """What the call costs, before it runs. An author's rows that cost too much with any prompt are his mistake."""
        counts = self._count(asked.role, [*asked.rows, *prompts])
        rows, filled = counts[: len(prompts)], counts[len(prompts) :]
        always = sum(rows) + len(rows) * (self.spec.max_prompt_tokens + asked.max_new_tokens)
        self._spent += sum(filled) + len(rows) * asked.max_new_tokens
        if self._spent > RUN_TOKENS:
            if always > RUN_TOKENS or self.template.count(self.spec.placeholder) == 1:
                raise BadCall(f"the rows of one run cost more than {RUN_TOKENS} tokens: fewer rows, or lower limits")
            mark = self.spec.placeholder
            raise StudentFault("failed", sentence(TOO_MUCH, tokens=self._spent, limit=RUN_TOKENS, placeholder=mark))

    def _ask(self, asked: Asked, prompts: list[str]) -> list[Answer]:
        if asked.role not in self._facts:
            self._facts[asked.role] = self._models.facts(asked.role)
        keys = [(asked.role, asked.raw, asked.max_new_tokens, prompt) for prompt in prompts]
        new = list(dict.fromkeys(prompt for key, prompt in zip(keys, prompts, strict=True) if key not in self._known))
        if new:
            shared = self.template.partition(self.spec.placeholder)[0]
            found = self._models.complete(asked.role, new, shared, asked.max_new_tokens, asked.raw, self._cache)
            for prompt, answer in zip(new, found, strict=True):
                self._known[asked.role, asked.raw, asked.max_new_tokens, prompt] = answer
        return [self._known[key] for key in keys]

    # ---- the account ------------------------------------------------------------------------------------------------

    def _note(self, asked: Asked, answers: list[Answer], outputs: list[str], seconds: float) -> None:
        entry = self._test
        self._calls.append(
            {
                "test": entry["name"] if entry is not None else "",
                "public": entry["public"] if entry is not None else False,
                "model": asked.role,
                "raw": asked.raw,
                "max_new_tokens": asked.max_new_tokens,
                "seconds": round(seconds, 3),
                "rows": [_row(*parts) for parts in zip(asked.rows, answers, outputs, strict=True)],
            }
        )

    def account(self) -> dict[str, Any]:
        """Its parts of the report, by key."""
        return {"prompt": self.report(), "completions": self.completions()}

    def completions(self) -> list[CompletionCall]:
        """Every call with its rows and outputs, for staff; those of public tests for the student too."""
        return self._calls

    def report(self) -> PromptReport:
        """What a student may see."""
        rows = [row for call in self._calls for row in call["rows"]]
        return {
            "tokens": self._tokens,
            "max_tokens": self.spec.max_prompt_tokens,
            "characters": len(self.template),
            "max_new_tokens": self.spec.max_new_tokens,
            "rows": len(rows),
            "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
            "new_tokens": sum(row["new_tokens"] for row in rows),
            "from_cache": sum(row["cached"] for row in rows),
            "seconds": round(self.seconds, 3),
            "models": [dict(facts) for facts in self._facts.values()],
        }


def _row(row: str, answer: Answer, output: str) -> CompletionRow:
    completion = answer.completion
    return {
        "row": clean(row, SHOWN),
        "output": clean(output, SHOWN),
        "uncut": clean(completion.text, SHOWN) if output != completion.text else "",
        "prompt_tokens": completion.prompt_tokens,
        "new_tokens": completion.new_tokens,
        "finish": completion.finish,
        "cached": answer.cached,
    }


def cut(text: str, stop: tuple[str, ...]) -> str:
    """The text up to the first of `stop`."""
    places = [place for mark in stop if (place := text.find(mark)) >= 0]
    return text[: min(places)] if places else text
