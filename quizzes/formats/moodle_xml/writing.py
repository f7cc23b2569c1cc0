"""Writes Moodle's XML. In the language "both" every text stands in both, in Moodle's multi-language marks."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from django.utils.translation import gettext

from quizzes.formats.common import NO_PICTURES, Export, Pictures, Pooled
from quizzes.formats.export import Writer, moodle_shares, number, percent, say_what_is_left, write_each
from quizzes.formats.texts import in_languages, markdown_to_html, markdown_to_plain
from quizzes.questions import Question, Texts

BOTH = "both"
# What XML 1.0 cannot hold, even escaped.
PICTURE = re.compile(r'src="picture:([0-9a-f]{32})"')  # as `markdown_to_html` writes it
IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(questions: Iterable[Pooled], language: str = "en", pictures: Pictures = NO_PICTURES) -> Export:
    """The questions in `language` ("en", "fr" or "both"); what Moodle cannot hold is said by question.

    `pictures` go along, in the elements whose texts name them.
    """
    export = write_each(questions, language, _write, _category, pictures)
    export.text = f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{export.text}</quiz>\n'
    return export


def _category(pool: str) -> str:
    element = Element("question", type="category")
    _text(SubElement(element, "category"), f"$course$/top/{pool}" if pool else "$course$/top")
    return _printed(element)


def _printed(element: Element) -> str:
    indent(element, "  ", 1)
    return "  " + tostring(element, encoding="unicode").rstrip() + "\n"


def _text(element: Element, text: str) -> None:
    SubElement(element, "text").text = IMPOSSIBLE.sub("", text)


def _text_and_files(element: Element, html: str, pictures: Pictures) -> None:
    """The text, and behind it the files that it shows, as Moodle has them."""
    named = dict.fromkeys(PICTURE.findall(html))
    _text(element, PICTURE.sub(lambda found: f'src="@@PLUGINFILE@@/{pictures[found[1]].filename}"', html))
    for name in named:
        file = SubElement(element, "file", name=pictures[name].filename, path="/", encoding="base64")
        file.text = base64.b64encode(pictures[name].data).decode()


class _Xml:
    def __init__(self, question: Question, writer: Writer) -> None:
        self.question = question
        self.writer = writer
        self.element = Element("question", type=_TYPES[question.type][0])

    def html(self, texts: Texts) -> str:
        if self.writer.language != BOTH:
            return self.writer.html(texts)
        lost, held = self.writer.lost, self.writer.pictures
        return in_languages({key: markdown_to_html(text, lost, held) for key, text in texts.items() if text})

    def plain(self, texts: Texts) -> str:
        if self.writer.language != BOTH:
            return self.writer.plain(texts)
        return in_languages({key: markdown_to_plain(text, self.writer.lost) for key, text in texts.items() if text})

    def rich(self, name: str, texts: Texts, parent: Element | None = None) -> Element:
        element = SubElement(self.element if parent is None else parent, name, format="html")
        _text_and_files(element, self.html(texts), self.writer.pictures)
        return element

    def fact(self, name: str, value: str) -> None:
        SubElement(self.element, name).text = value

    def answer(self, share: float, text: str, feedback: Texts, style: str = "html") -> Element:
        element = SubElement(self.element, "answer", fraction=percent(share), format=style)
        _text_and_files(element, text, self.writer.pictures)
        self.rich("feedback", feedback, element)
        return element


def _write(question: Question, writer: Writer) -> str:
    say_what_is_left(question, writer, ("points", "fixed_order", "units", "case", "feedback", "topic"))
    xml = _Xml(question, writer)
    _text(SubElement(xml.element, "name"), question.name)
    xml.rich("questiontext", question.text)
    xml.rich("generalfeedback", question.feedback)
    xml.fact("defaultgrade", number(question.points))
    xml.fact("penalty", "0.3333333")
    xml.fact("hidden", "0")
    _TYPES[question.type][1](xml)
    if question.topic:
        _text(SubElement(SubElement(xml.element, "tags"), "tag"), question.topic)
    return _printed(xml.element)


def _shuffled(xml: _Xml) -> None:
    xml.fact("shuffleanswers", "false" if xml.question.fixed_order else "true")


def _choice(xml: _Xml) -> None:
    single = xml.question.type == "single"
    xml.fact("single", "true" if single else "false")
    _shuffled(xml)
    xml.fact("answernumbering", "abc")
    shares = moodle_shares(xml.question, xml.writer)
    for option, share in zip(xml.question.options, shares, strict=True):
        xml.answer(share, xml.html(option.text), option.feedback)


def _true_false(xml: _Xml) -> None:
    for option in xml.question.options:
        xml.answer(option.fraction, option.id, option.feedback, "moodle_auto_format")


def _short(xml: _Xml) -> None:
    xml.fact("usecase", "1" if xml.question.case else "0")
    for answer in xml.question.answers:
        xml.answer(answer.fraction, str(answer.value), answer.feedback, "moodle_auto_format")


def _numerical(xml: _Xml) -> None:
    question = xml.question
    for answer in question.answers:
        element = xml.answer(answer.fraction, number(answer.value), answer.feedback, "moodle_auto_format")
        SubElement(element, "tolerance").text = number(answer.tolerance)
    if question.units:
        units = SubElement(xml.element, "units")
        for label, factor in question.units.items():
            unit = SubElement(units, "unit")
            SubElement(unit, "multiplier").text = number(float(f"{1 / factor:.12g}"))
            SubElement(unit, "unit_name").text = IMPOSSIBLE.sub("", label)
        if 1 not in question.units.values():
            xml.writer.cannot(gettext("Moodle needs a unit with the factor 1: add one."))
    xml.fact("unitgradingtype", "1" if question.unit_needed else "0")
    xml.fact("unitpenalty", "1.0000000" if question.unit_needed else "0.1000000")
    xml.fact("showunits", "0" if question.units else "3")
    xml.fact("unitsleft", "0")


def _matching(xml: _Xml) -> None:
    _shuffled(xml)
    sides = [(pair.left, pair.right) for pair in xml.question.pairs]
    for left, right in [*sides, *(({}, pair.right) for pair in xml.question.distractors)]:
        element = xml.rich("subquestion", left)
        _text(SubElement(element, "answer"), xml.plain(right))


def _ordering(xml: _Xml) -> None:
    for name, value in (
        ("layouttype", "VERTICAL"),
        ("selecttype", "ALL"),
        ("selectcount", "0"),
        ("gradingtype", "RELATIVE_NEXT_EXCLUDE_LAST"),  # neighbouring pairs, as here
        ("showgrading", "SHOW"),
        ("numberingstyle", "none"),
    ):
        xml.fact(name, value)
    for place, item in enumerate(xml.question.items, 1):
        element = SubElement(xml.element, "answer", fraction=f"{place}.0000000", format="html")
        _text_and_files(element, xml.html(item.text), xml.writer.pictures)
    if xml.question.fixed_order:
        xml.writer.cannot(gettext("The format cannot fix the order of the options."))


_TYPES: dict[str, tuple[str, Callable[[_Xml], None]]] = {
    "single": ("multichoice", _choice),
    "multiple": ("multichoice", _choice),
    "true_false": ("truefalse", _true_false),
    "short": ("shortanswer", _short),
    "numerical": ("numerical", _numerical),
    "matching": ("matching", _matching),
    "ordering": ("ordering", _ordering),
}
