"""Sentences that students read about their code, as English templates: the site translates them, the grader fills them.

Use `sentence(TEMPLATE, name=value)`; values are short texts or numbers, never markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from workers.jobs.report import Sentence

# A sentence with this template holds an exercise author's own words, by language; English is always among them.
AUTHOR_WORDS = "{en}"
PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def gettext_noop(template: str) -> str:
    """Mark a template for translation; the site looks it up when it shows the sentence."""
    return template


def sentence(template: str, **values: str | int | float) -> Sentence:
    return {"template": template, "values": values}


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its `{name}` places filled; a name without a value stays as it is written.

    Not `str.format`: a template that comes from a jail could ask it for a billion spaces or for an attribute.
    """
    return PLACE.sub(lambda place: str(values.get(place[1], place[0])), template)


def english(sentences: list[Sentence]) -> str:
    """The sentences as one English text."""
    return " ".join(fill(item["template"], item["values"]) for item in sentences)


def author_words(texts: Mapping[str, str]) -> Sentence:
    """An author's own words by language, {"en": …, "fr": …}: values, so that braces in them stay what they are."""
    return {"template": AUTHOR_WORDS, "values": dict(texts)}


def in_language(item: Sentence, language: str, translate: Callable[[str], str]) -> str:
    """One sentence for a reader of `language` ("fr"); `translate` looks up a template (gettext, that language active).

    An author's own words come in that language, or in English when they were not written in it.
    """
    if item["template"] == AUTHOR_WORDS:
        return str(item["values"].get(language, item["values"].get("en", "")))
    return fill(translate(item["template"]), item["values"])
