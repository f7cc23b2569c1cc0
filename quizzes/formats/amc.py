"""AMC-TXT, the text format of Auto Multiple Choice: `*` one right answer, `**` several, `+` right, `-` wrong.

Every line is looked at on its own; what begins with none of the signs goes on with the text before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext

from quizzes.formats.amc_scoring import scored
from quizzes.formats.amc_text import to_markdown
from quizzes.formats.common import MAX_POOL, Collector, Import, Left, decode, letters, name_of
from quizzes.formats.texts import Lost
from quizzes.questions import MAX_TEXT, Option, Question

COMMENT = re.compile(r"\s*#")
INCLUDE = re.compile(r"\s*IncludeFile:\s*(.*)", re.IGNORECASE)
GROUP = re.compile(r"\s*\*([()])(?:\[([^\]]*)\])?\s*(.*)")
QUESTION = re.compile(r"\s*(\*{1,2})(?:<([^>]*)>)?(?:\[([^\]]*)\])?(?:\{([^}]*)\})?\s*(.*)")
ANSWER = re.compile(r"\s*([+-])(?:\[([^\]]*)\])?(?:\{([^}]*)\})?\s*(.*)")
SETTING = re.compile(r"\s*([A-Za-z0-9-]+):\s*(.*)")
# Only those that change what a question is are kept; the others are about paper.
SETTINGS = re.compile(
    r"title|presentation|code|lang|font|boxcolor|papersize|answersheet(?:title|presentation|columns)|completemulti"
    r"|separateanswersheet|automarks|defaultscoring[ms]|l-(?:question|none|name|student|opentext|openreserved)"
    r"|latex(?:-preambule|-begindocument|-begincopy|-endcopy|engine)?|pdf-(?:begin|end)copy|xltxtra|shufflequestions"
    r"|columns|questionblocks|arabic(?:font)?|disable|manualduplex|singlesided|codedigitsdirection|packageoptions"
    r"|namefield(?:width|lines|linespace)|titlewidth|pages|randomseed"
)
NONE = {"en": "None of these answers is right.", "fr": "Aucune de ces réponses n'est correcte."}


@dataclass
class _Text:
    """A text that goes on over lines."""

    lines: list[str] = field(default_factory=list)

    @property
    def raw(self) -> str:
        return "\n".join(self.lines).strip()


@dataclass
class _Answer:
    line: int
    right: bool
    scoring: str
    text: _Text


@dataclass
class _Draft:
    line: int
    multiple: bool
    open: bool
    facts: dict[str, str]
    scoring: str
    text: _Text
    answers: list[_Answer] = field(default_factory=list)


def read(data: str | bytes, language: str = "en") -> Import:
    """The questions of an AMC-TXT file; its `Lang: FR` wins over `language`. Never raises for what it holds."""
    collector = Collector(language)
    text = decode(data, collector)
    if text is not None:
        reader = _Reader(collector)
        for number, line in enumerate(text.split("\n"), 1):
            if collector.full():
                break
            reader.read(number, line)
        reader.finish()
    return collector.finish()


class _Reader:
    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.settings: dict[str, _Text] = {}
        self.groups: list[tuple[int, str]] = []  # line and pool of each group that is open
        self.draft: _Draft | None = None
        self.follow: _Text | None = None  # what a line without a sign goes on with
        self.verbatim = False  # whether the text that is being read has a [verbatim] that is still open
        self.header: tuple[int, _Text] | None = None  # the text of a group, until its first question

    def setting(self, name: str, default: str = "") -> str:
        text = self.settings.get(name)
        return text.raw if text else default

    def flag(self, name: str, default: str) -> bool:
        return self.setting(name, default).lower() not in ("no", "false", "0", "")

    def read(self, number: int, line: str) -> None:
        if self.verbatim:
            if re.match(r"\s*[*+#-]", line):
                told = gettext("AMC reads a line that begins with *, +, - or # as a sign, even inside [verbatim].")
                self.collector.warn(told, number)
            self._go_on(line)
        elif COMMENT.match(line):
            return
        elif include := INCLUDE.match(line):
            told = gettext("The file %(name)s was not read: import it on its own.")
            self.collector.error(told % {"name": include[1].strip()[:100]}, number)
        elif not self._read_setting(number, line) and not self._read_sign(number, line):
            self._go_on(line)

    def _begin(self, line: str) -> _Text:
        self.follow = _Text()
        self._go_on(line)
        return self.follow

    def _go_on(self, line: str) -> None:
        if self.follow is not None:
            self.follow.lines.append(line)
            opened, closed = line.rfind("[verbatim]"), line.rfind("[/verbatim]")
            if opened != closed:
                self.verbatim = opened > closed

    def _read_setting(self, number: int, line: str) -> bool:
        found = SETTING.match(line)
        if not found:
            return False
        name = found[1].lower()
        if not SETTINGS.fullmatch(name):
            if line[0] != found[1][0]:
                return False  # indented: a text
            told = gettext("“%(name)s:” at a line's beginning is no setting of AMC; it was read as text.")
            self.collector.warn(told % {"name": found[1]}, number)
            return False
        self._close()
        self.settings[name] = self._begin(found[2])
        if name == "lang" and found[2].strip().lower() in ("en", "fr"):
            self.collector.language = found[2].strip().lower()
        return True

    def _read_sign(self, number: int, line: str) -> bool:
        if group := GROUP.match(line):
            self._read_group(number, group)
        elif question := QUESTION.match(line):
            self._close()
            stars, angles, facts, scoring, text = question.groups()
            begun = self._begin(text)
            self.draft = _Draft(
                number, stars == "**", angles is not None, _facts(facts), (scoring or "").strip(), begun
            )
        elif answer := ANSWER.match(line):
            if self.draft is None:
                told = gettext("An answer stands outside a question: begin the question's line with “*” or “**”.")
                self.collector.error(told, number)
                self.follow = None
                return True
            scoring, begun = (answer[3] or "").strip(), self._begin(answer[4])
            self.draft.answers.append(_Answer(number, answer[1] == "+", scoring, begun))
        else:
            return False
        return True

    def _read_group(self, number: int, group: re.Match[str]) -> None:
        self._close()
        bracket, facts, text = group.groups()
        begun = self._begin(text)
        if bracket == "(":
            parent = self.groups[-1][1] if self.groups else ""
            name = _facts(facts).get("group", "") or (text.strip() if len(text.strip()) <= 60 else "")
            pool = "/".join(filter(None, (parent, name.replace("/", "-"))))[:MAX_POOL]
            self.groups.append((number, pool))
            if name != text.strip():
                self.header = (number, begun)
        elif self.groups:
            self.groups.pop()
        else:
            self.collector.warn(gettext("“*)” ends a group that was not begun by “*(”."), number)

    def _close(self) -> None:
        """The question is complete."""
        if self.header and self.header[1].raw:
            told = gettext("A group's text was left out: repeat it in the questions that need it.")
            self.collector.warn(told, self.header[0])
        self.header = None
        draft, self.draft = self.draft, None
        if draft is None:
            return
        self.collector.line = draft.line
        pool = self.groups[-1][1] if self.groups else ""
        self.collector.pool = draft.facts.get("group", pool)[:MAX_POOL]
        try:
            self.collector.add(self._question(draft))
        except Left as fault:
            self.collector.error(fault.text, fault.line or None)

    def finish(self) -> None:
        self._close()
        for line, _pool in self.groups:
            self.collector.warn(gettext("The group that begins here is not ended by “*)”."), line)

    # ---- A question ----

    def _question(self, draft: _Draft) -> Question:
        if draft.open:
            raise Left(gettext("An open question has to be read by a person: such questions are left out."))
        if "indicative" in draft.facts:
            raise Left(gettext("A question that does not count (indicative) is left out."))
        if len(draft.answers) < 2:
            raise Left(gettext("A question needs at least two answers."))
        rights = sum(answer.right for answer in draft.answers)
        if not draft.multiple and rights != 1:
            told = gettext("A question with one “*” has exactly one “+”, not %(count)d: write “**” for several.")
            raise Left(told % {"count": rights})
        if draft.scoring and re.match(r"\[\w+(?:=[^\]]*)?\]", draft.text.raw):
            self.collector.warn(gettext("“[…]” after “{…}” is text to AMC: write the options first, then the scoring."))
        lost = Lost()
        text = self._texts(draft.text, lost)
        if not text:
            raise Left(gettext("The question has no text."))
        options = self._options(draft, lost)
        name = draft.facts.get("id") or draft.facts.get("name") or name_of(next(iter(text.values())))
        kind = "multiple" if draft.multiple else "single"
        question = Question(kind, name[:200], text, options=options, fixed_order="ordered" in draft.facts)
        for sentence in lost.sentences:
            self.collector.warn(sentence)
        own = [answer.scoring for answer in draft.answers] + [""] * (len(options) - len(draft.answers))
        return scored(self.collector, question, self._scoring(draft), own)

    def _options(self, draft: _Draft, lost: Lost) -> tuple[Option, ...]:
        found = []
        for answer, key in zip(draft.answers, letters(len(draft.answers)), strict=True):
            text = self._texts(answer.text, lost)
            if not text:
                raise Left(gettext("An answer has no text."), answer.line)
            found.append(Option(key, text, 1.0 if answer.right else 0.0))
        if draft.multiple and not any(answer.right for answer in draft.answers):
            if not self.flag("completemulti", "1"):
                raise Left(gettext("No answer is right, and CompleteMulti is off."))
            own = self.setting("l-none")
            text = {self.collector.language: to_markdown(own, False, lost)} if own else NONE
            found.append(Option("none", text, 1.0))
            lost.add(gettext("No answer is right: the box “none of these”, which AMC adds on paper, was added."))
        return tuple(found)

    def _texts(self, text: _Text, lost: Lost) -> dict[str, str]:
        if len(text.raw) > MAX_TEXT:
            raise Left(gettext("A text is longer than %(most)d characters.") % {"most": MAX_TEXT})
        markdown = to_markdown(text.raw, self.flag("latex", "0"), lost)
        return {self.collector.language: markdown} if markdown else {}

    def _scoring(self, draft: _Draft) -> str:
        if draft.scoring:
            return draft.scoring
        default = self.setting("defaultscoringm" if draft.multiple else "defaultscorings")
        if default or not draft.multiple:
            return default
        # What AMC-TXT does for several right answers unless told otherwise.
        return "" if any(answer.scoring for answer in draft.answers) else "haut=2"


def _facts(text: str | None) -> dict[str, str]:
    facts = {}
    for part in filter(None, (text or "").split(",")):
        name, equals, value = part.partition("=")
        facts[name.strip()] = value.strip() if equals else "1"
    return facts
