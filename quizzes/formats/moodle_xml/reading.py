"""Reads Moodle's XML. Entities and document types are refused: they are how an XML file grows or reads other files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext

from quizzes.formats.common import Collector, Import, Left, bring, decode, name_of, pool_of
from quizzes.formats.moodle_xml.files import Files
from quizzes.formats.moodle_xml.types import READERS, Item
from quizzes.formats.texts import BadText, Lost, by_language, html_to_markdown, marks_to_dollars, plain_to_markdown
from quizzes.questions import MAX_PARTS

LINE = "line\0"  # attribute that holds an element's line: no attribute of a file can have this name
MOST_CHILDREN = 4 * MAX_PARTS  # of a <question>: answers and facts
DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?\bencoding=["']([A-Za-z0-9._-]+)["']""")
DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


class _Parser(DefusedXMLParser):
    """Notes the line of every element."""

    def _start(self, tag: str, attributes: list[str]) -> Any:
        element = super()._start(tag, attributes)  # type: ignore[misc]  # the stubs leave the pure-Python parser out
        element.set(LINE, str(self.parser.CurrentLineNumber))
        return element


def read(data: str | bytes, language: str = "en") -> Import:
    """The questions of a Moodle XML file. Never raises for what the file holds."""
    collector = Collector(language)
    declared = DECLARED.match(data[:400]) if isinstance(data, bytes) else None
    text = decode(data, collector, declared[1].decode() if declared else "")
    root = None if text is None else _parse(collector, text)
    if root is None:
        return collector.finish()
    if root.tag != "quiz":
        told = gettext("This is no Moodle XML: its outermost element is <%(tag)s>, not <quiz>.")
        collector.error(told % {"tag": root.tag[:50]}, line_of(root))
        return collector.finish()
    for element in root:
        collector.line = line_of(element)
        if collector.full():
            break
        if element.tag == "question":
            _read_question(collector, element)
        else:
            collector.warn(gettext("<%(tag)s> is no question; it was left out.") % {"tag": element.tag[:50]})
    return collector.finish()


def line_of(element: Element) -> int:
    return int(element.get(LINE, "0"))


def _parse(collector: Collector, text: str) -> Element | None:
    # Decoded already: an encoding that is named inside no longer holds. Its lines stay, for the numbers.
    declaration = DECLARATION.match(text)
    if declaration:
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    before = len(text) - len(text.lstrip())
    parser = _Parser(forbid_dtd=True)
    try:
        parser.feed(text.lstrip())
        root: Element = parser.close()
    except ParseError as error:
        line, column = error.position
        told = gettext("Broken XML: %(fault)s (column %(column)d). Escape the signs of XML in texts.")
        collector.error(
            told % {"fault": str(error).split(":")[0], "column": column + 1}, line + text.count("\n", 0, before)
        )
        return None
    except DefusedXmlException:
        collector.error(gettext("The file has a document type or entities of its own: remove them."), 1)
        return None
    for element in root.iter():
        element.set(LINE, str(line_of(element) + text.count("\n", 0, before)))
    return root


@dataclass
class XmlItem(Item):
    """One <question>, and how its texts are read."""

    collector: Collector
    element: Element
    lost: Lost

    def child(self, name: str, element: Element | None = None) -> Element | None:
        return (self.element if element is None else element).find(name)

    def value(self, name: str, default: str = "", element: Element | None = None) -> str:
        """The words of a child such as <single>, or of the <text> inside it."""
        child = self.child(name, element)
        if child is None:
            return default
        inner = child.find("text")
        return ("".join((child if inner is None else inner).itertext())).strip() or default

    def flag(self, name: str, default: str) -> bool:
        return self.value(name, default).lower() in ("true", "1")

    def number(self, text: str, what: str) -> float:
        text = text.strip().replace(",", ".")
        try:
            value = float(text) if re.fullmatch(r"[-+\d.eE]{1,60}", text) else None
        except ValueError:
            value = None
        if value is None or not -1e300 < value < 1e300:
            raise Left(gettext("“%(text)s” is no number (%(what)s).") % {"text": text[:40], "what": what})
        return value

    def share(self, answer: Element) -> float:
        return bring(self.number(answer.get("fraction") or self.value("fraction", "0", answer), "fraction") / 100)

    def texts(self, name: str, element: Element | None = None) -> dict[str, str]:
        """The text of a child such as <questiontext>, as Markdown by language."""
        child = self.child(name, element)
        return {} if child is None else self.own_texts(child)

    def own_texts(self, element: Element) -> dict[str, str]:
        """The text of an element that holds <text>, as Markdown by language."""
        inner = element.find("text")
        text = "".join(inner.itertext()) if inner is not None else element.text or ""
        style = element.get("format", "html")
        if element.find("file") is not None and "@@PLUGINFILE@@" not in text:
            self.lost.add(gettext("A file that no text shows was left out."))
        files = Files(self.collector, element)
        text = files.without_data(text)
        parts = by_language(text.strip(), self.collector.language)
        found = {language: self._markdown(part, style, files) for language, part in parts.items()}
        return {language: markdown for language, markdown in found.items() if markdown}

    def plain_texts(self, name: str, element: Element) -> dict[str, str]:
        parts = by_language(self.value(name, "", element), self.collector.language)
        return {language: plain_to_markdown(part) for language, part in parts.items()}

    def _markdown(self, text: str, style: str, files: Files) -> str:
        if style == "markdown":
            return files.named(marks_to_dollars(text.strip()))
        if style == "plain_text":
            return plain_to_markdown(text)
        if style == "moodle_auto_format":
            if not re.search(r"</?[A-Za-z][^<>]*>|&#?\w+;", text):
                return plain_to_markdown(text)
            text = text.replace("\n", "<br>")
        return html_to_markdown(text, self.lost, files.find)


def _read_question(collector: Collector, element: Element) -> None:
    kind = element.get("type", "")
    item = XmlItem(collector, element, Lost())
    try:
        if kind == "category":
            collector.pool = pool_of(item.value("category"))
            return
        if len(item.element) > MOST_CHILDREN:
            raise Left(gettext("A question has at most %(most)d answers.") % {"most": MAX_PARTS})
        if kind not in READERS:
            raise Left(_unknown(kind))
        question = READERS[kind](item, *_head(item))
        question = replace(question, **_facts(item))
    except (Left, BadText) as fault:
        collector.error(str(fault))
        return
    _say_what_is_left(item)
    for sentence in item.lost.sentences:
        collector.warn(sentence)
    collector.add(question)


def _unknown(kind: str) -> str:
    known: Mapping[str, str] = {
        "essay": gettext("An essay has to be read by a person: such questions are left out."),
        "description": gettext("A text without a question is left out."),
        "cloze": gettext("A text with gaps (cloze) is left out: make a question of each gap."),
        "": gettext("The <question> has no type."),
    }
    told = gettext("Questions of the type “%(kind)s” are not known here; it was left out.")
    return known.get(kind) or told % {"kind": kind[:40]}


def _head(item: XmlItem) -> tuple[dict[str, str], str]:
    """The statement and the name."""
    text = item.texts("questiontext")
    if not text:
        raise Left(gettext("The question has no text (<questiontext>)."))
    name = " ".join(item.value("name").split())
    return text, (name or name_of(next(iter(text.values()))))[:200]


def _facts(item: XmlItem) -> dict[str, Any]:
    """What all types have."""
    points = item.number(item.value("defaultgrade", "1"), "defaultgrade")
    if points <= 0:
        item.collector.warn(gettext("The question was worth 0 points; it is worth 1 here."))
        points = 1.0
    tags = [tag for tag in (item.value("text", "", tag) for tag in item.element.iterfind("tags/tag")) if tag]
    if len(tags) > 1:
        item.collector.warn(gettext("A question has one topic here: of its tags, the first one was kept."))
    return {"points": points, "feedback": item.texts("generalfeedback"), "topic": tags[0][:200] if tags else ""}


# Moodle writes these into every question.
_USUAL = re.compile(
    r"(?:your answer is (?:partially )?(?:in)?correct|votre réponse est (?:partiellement )?(?:in)?correcte)\.?",
    re.IGNORECASE,
)


def _say_what_is_left(item: XmlItem) -> None:
    combined: Sequence[str] = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
    try:
        texts = [text for name in combined for text in item.texts(name).values()]
    except BadText:
        texts = ["?"]
    if any(not _USUAL.fullmatch(text) for text in texts):
        item.lost.add(gettext("The feedback for right, partly right and wrong responses as a whole was left out."))
    if item.child("hint") is not None and any(item.value("text", "", hint) for hint in item.element.iterfind("hint")):
        item.lost.add(gettext("The hints were left out."))


Reader = Callable[[XmlItem, dict[str, str], str], Any]
