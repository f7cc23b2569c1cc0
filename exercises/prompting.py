"""Prompt exercises on the site: what the editor says of the limits, and what a report holds for whom.

`student_part` belongs to the wall in `exercises.results`, which alone may call it. A report is untrusted: whatever has
not the agreed form is left out, and nothing is copied whole. Of a completion a student sees those of public tests; of a
hidden test counts alone.
"""

from __future__ import annotations

import json
import math
from typing import Any

from django.utils.translation import gettext as _

from exercises.models import ExerciseVersion, RunState
from workers.jobs.spec import PromptSpec

CHARACTERS_A_TOKEN = 4  # of English text, roughly; the exact count needs the model's own tokeniser
FACTS = ("role", "model", "backend", "weights", "template")  # texts of workers.models.interface.ModelFacts
COUNTS = ("tokens", "max_tokens", "characters", "max_new_tokens", "rows", "prompt_tokens", "new_tokens")


# ---- The editor ------------------------------------------------------------------------------------------


def role_in_words(role: str) -> str:
    """What kind of model plays the role, for people who know no roles."""
    words = {"chat": _("a small chat model"), "base": _("a base model that continues text")}
    return words.get(role, role)


def check_in_words(check: str) -> str:
    """What an assertion over texts looks at."""
    words = {
        "exact": _("the exact text"),
        "contains": _("a text that must be in it"),
        "regex": _("the form"),
        "number": _("the number"),
        "json": _("the JSON"),
        "labels": _("the label"),
        "length": _("the length"),
        "without": _("what must not be in it"),
        "similar": _("the likeness"),
    }
    return words.get(check, check)


def spec_of(version: ExerciseVersion | None) -> PromptSpec | None:
    """The version's [prompt] table; None for code, and while nothing is published."""
    return version.spec.prompt if version is not None else None


def estimated_tokens(text: str, placeholder: str) -> int:
    """Tokens of a template without its placeholder, estimated from its length."""
    return math.ceil(len(text.replace(placeholder, "")) / CHARACTERS_A_TOKEN)


def sizes(source: str, placeholder: str) -> dict[str, int]:
    return {"characters": len(source), "estimate": estimated_tokens(source, placeholder)}


def limits(spec: PromptSpec) -> dict[str, Any]:
    """What the API says of a prompt exercise: the keys of exercise.toml."""
    return {
        "models": list(spec.roles),
        "placeholder": spec.placeholder,
        "max_prompt_tokens": spec.max_prompt_tokens,
        "max_new_tokens": spec.max_new_tokens,
        "raw": spec.raw,
        "stop": list(spec.stop),
    }


def editor_context(version: ExerciseVersion | None, source: str, mine: Any) -> dict[str, Any] | None:
    """What the exercise page says around the editor; None for code.

    mine: the student's submissions of this assignment; the last one with a count gives the exact number of tokens.
    """
    spec = spec_of(version)
    if spec is None:
        return None
    counted = mine.filter(run__state=RunState.GRADED, run__report__prompt__tokens__gt=0).order_by("-received_at")
    last = counted.values_list("run__report__prompt__tokens", flat=True).first()
    return limits(spec) | {
        "model_words": [role_in_words(role) for role in spec.roles],
        "stop_words": [repr(stop)[1:-1] for stop in spec.stop],  # a line end is shown as \n
        "exact": count_of(last),
        **sizes(source, spec.placeholder),
    }


# ---- The wall --------------------------------------------------------------------------------------------


def student_part(report: dict[str, Any], tests: list[dict[str, Any]]) -> dict[str, Any]:
    """`prompt` of the student's view; `checks` and, of public tests, `calls` are put into `tests`.

    tests: those that the wall lets through, each with `name` and `public` from the manifest and not from the report.
    """
    by_name = {test["name"]: test for test in report["tests"]}
    for test in tests:
        checks = _checks(by_name[test["name"]].get("checks"))
        test["checks"] = counted_checks(by_name[test["name"]])
        if test["public"]:
            test["calls"] = _public_calls(report, test["name"])
            _mark_rows(test["calls"], checks)
    return {"prompt": _account(report.get("prompt"))}


def _public_calls(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Completions of one public test. What calls itself public under a hidden test's name is of no test here."""
    calls = report.get("completions")
    mine = [
        call
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict) and call.get("public") is True and call.get("test") == name
    ]
    return [_call(call) for call in mine]


def staff_calls(report: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Every completion, those of hidden tests too: for staff."""
    calls = (report or {}).get("completions")
    found = [call for call in (calls if isinstance(calls, list) else []) if isinstance(call, dict)]
    return [_call(call) | {"test": _text(call.get("test")), "public": call.get("public") is True} for call in found]


def _call(call: dict[str, Any]) -> dict[str, Any]:
    rows = call.get("rows")
    return {
        "model": _text(call.get("model")),
        "raw": call.get("raw") is True,
        "max_new_tokens": count_of(call.get("max_new_tokens")),
        "rows": [_row(row) for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)],
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "row": _text(row.get("row")),
        "output": _text(row.get("output")),
        "uncut": _text(row.get("uncut")),
        "prompt_tokens": count_of(row.get("prompt_tokens")),
        "new_tokens": count_of(row.get("new_tokens")),
        "finish": "length" if row.get("finish") == "length" else "stop",
        "expected": "",
        "right": None,
    }


def _mark_rows(calls: list[dict[str, Any]], checks: list[dict[str, Any]]) -> None:
    """Write into the rows what the assertions said of them: only where one call alone can be meant."""
    for check in checks:
        meant = [call for call in calls if len(call["rows"]) == len(check["marks"])]
        if len(meant) != 1:
            continue
        for row, mark in zip(meant[0]["rows"], check["marks"], strict=True):
            row["right"] = mark["right"] and row["right"] is not False
            row["expected"] = row["expected"] or mark["expected"]


def _checks(value: Any) -> list[dict[str, Any]]:
    """The counts that have the agreed form, with their marks when these do."""
    found = []
    for item in value if isinstance(value, list) else []:
        if not isinstance(item, dict) or not isinstance(item.get("check"), str):
            continue
        right, total, needed = (item.get(key) for key in ("right", "total", "needed"))
        if type(right) is int and type(total) is int and type(needed) is int and 0 <= right <= total:
            found.append(
                {"check": item["check"], "right": right, "total": total, "needed": needed}
                | {"marks": _marks(item.get("marks"))}
            )
    return found


def counted_checks(test: dict[str, Any]) -> list[dict[str, Any]]:
    """What the assertions of one test of a report counted, without a word of what they looked at."""
    return [_counted(check) for check in _checks(test.get("checks"))]


def _marks(value: Any) -> list[dict[str, Any]]:
    marks = value if isinstance(value, list) else []
    if not all(isinstance(mark, dict) and type(mark.get("right")) is bool for mark in marks):
        return []
    return [{"right": mark["right"], "expected": _text(mark.get("expected"))} for mark in marks]


def _counted(check: dict[str, Any]) -> dict[str, Any]:
    return {key: check[key] for key in ("check", "right", "total", "needed")}


def _account(value: Any) -> dict[str, Any] | None:
    """What the prompt cost, and which models were asked. No time: it would tell how long hidden rows took."""
    if not isinstance(value, dict):
        return None
    return {key: count_of(value.get(key)) for key in COUNTS} | {"models": models_of(value)}


def models_of(account: dict[str, Any]) -> list[dict[str, Any]]:
    """Facts of the models that were asked."""
    models = account.get("models")
    return [_facts(model) for model in (models if isinstance(models, list) else []) if isinstance(model, dict)]


def _facts(model: dict[str, Any]) -> dict[str, Any]:
    config = model.get("config")
    plain = (str, int, float, bool, type(None))
    kept = {str(k): v for k, v in config.items() if isinstance(v, plain)} if isinstance(config, dict) else {}
    texts: dict[str, Any] = {key: _text(model.get(key)) for key in FACTS}
    return texts | {"context": count_of(model.get("context")), "config": kept}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def count_of(value: Any) -> int:
    """0 for what is no whole number."""
    return value if type(value) is int and value >= 0 else 0


# ---- The result page -------------------------------------------------------------------------------------


def dress(view: dict[str, Any]) -> None:
    """Put words beside the names in a student's view, for the page."""
    for test in view["tests"]:
        for check in test.get("checks", []):
            check["words"] = check_in_words(check["check"])
        for call in test.get("calls", []):
            call["words"] = role_in_words(call["model"])
        rows = [row for call in test.get("calls", []) for row in call["rows"]]
        test["judged"] = any(row["right"] is not None for row in rows)
        for row in rows:
            row["more"] = row["uncut"].strip() != row["output"].strip() and bool(row["uncut"])
    for model in (view["prompt"] or {"models": []})["models"]:
        model["words"] = role_in_words(model["role"])
        model["config_text"] = json.dumps(model["config"], indent=1, ensure_ascii=False)
