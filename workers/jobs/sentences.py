"""Sentences that students read about their code, as English templates: the site translates them, the grader fills them.

Use `sentence(TEMPLATE, name=value)`; values are short texts or numbers, never markup.
"""

from __future__ import annotations

from workers.jobs.report import Sentence


def gettext_noop(template: str) -> str:
    """Mark a template for translation; the site looks it up when it shows the sentence."""
    return template


def sentence(template: str, **values: str | int | float) -> Sentence:
    return {"template": template, "values": values}


def english(sentences: list[Sentence]) -> str:
    """The sentences as one English text."""
    return " ".join(item["template"].format_map(item["values"]) for item in sentences)
