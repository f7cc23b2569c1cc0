"""Everything that the grader itself says to a student, as templates that the site translates."""

from __future__ import annotations

from typing import Any

from workers.grader.clean import clean
from workers.jobs.report import Sentence
from workers.jobs.sentences import author_words, gettext_noop, sentence
from workers.runner.codec import MAX_CALLBACKS

TIMEOUT = gettext_noop("Your code took longer than {seconds} s.")
TIMEOUT_TOTAL = gettext_noop("Your code took longer than {seconds} s in all tests together.")
TIMEOUT_LOADING = gettext_noop("Loading your file took longer than {seconds} s.")
NOT_RUN = gettext_noop("Not run: the tests before it used up the {seconds} s that all tests together may take.")
NOT_LOADED = gettext_noop("Not run: your file does not load.")
MEMORY = gettext_noop("Your code used more memory than the {megabytes} MB allowed.")
OUTPUT = gettext_noop("Your code printed more than the {kilobytes} kB allowed.")
SIGNAL = gettext_noop("Your code crashed its Python process ({signal}).")
ENDED = gettext_noop("Your code ended its Python process before it gave an answer.")
INTERFERED = gettext_noop("Your code interfered with the connection to the grader.")

RAISED = gettext_noop("{function} raised {type}: {message}")
RAISED_LINE = gettext_noop("{function} raised {type} at line {line} of your file: {message}")
RAISED_BARE = gettext_noop("{function} raised {type}.")
RAISED_BARE_LINE = gettext_noop("{function} raised {type} at line {line} of your file.")
EXITED = gettext_noop("{function} called exit() or sys.exit(): return a value instead.")
ASKED = gettext_noop("{function} asked for keyboard input with input(): there is no keyboard here.")
UNDEFINED = gettext_noop("{function} is not defined in your file.")
NOT_CALLABLE = gettext_noop("{function} in your file is not a function.")
NO_ATTRIBUTE = gettext_noop("Objects of your class {type} have no attribute {name}.")
MALFORMED = gettext_noop("{function} gave an answer that cannot be read.")
CALLBACKS = gettext_noop("{function} called the function that it was given more than {limit} times.")

VALUE_TYPE = gettext_noop(
    "{function} returned a value of type {type}, which cannot be compared: return numbers, texts, lists, tuples, "
    "dictionaries, sets or NumPy arrays."
)
VALUE_DTYPE = gettext_noop("{function} returned an array of dtype {type}: return numbers, booleans or texts.")
VALUE_CYCLE = gettext_noop("{function} returned a {type} that contains itself.")
VALUE_DEPTH = gettext_noop("{function} returned a {type} that is nested too deeply.")
VALUE_SIZE = gettext_noop("{function} returned a value that is too large (more than 64 MiB).")
VALUE_PARTS = gettext_noop("{function} returned a value with more than a million parts: return a NumPy array.")
VALUE_INT = gettext_noop("{function} returned a whole number with more than a million bits.")

CHECK_FAILED = gettext_noop("A check of this test does not hold.")
UNUSABLE = gettext_noop("The test could not use what your code returned.")
UNUSABLE_VALUE = gettext_noop("The test could not use what {function} returned ({value}).")

LOAD_ERROR = gettext_noop("Your file does not load: {error}")
LOAD_ERROR_LINE = gettext_noop("Your file does not load: line {line}: {error}")
LOAD_IMPORT = gettext_noop(
    "Your file does not load: line {line} imports {module}; this exercise allows {allowed} and the standard library."
)
LOAD_IMPORT_STANDARD = gettext_noop(
    "Your file does not load: line {line} imports {module}; this exercise allows the standard library only."
)
LOAD_EXIT = gettext_noop("Your file does not load: line {line} ends the program; remove exit() or sys.exit().")
LOAD_INPUT = gettext_noop(
    "Your file does not load: line {line} asks for keyboard input with input(), and there is no keyboard here."
)
TOO_LARGE = gettext_noop("Your file is larger than the {kilobytes} kB allowed.")
NOT_TEXT = gettext_noop("Your file does not load: it is not UTF-8 text.")

TOO_SLOW = gettext_noop("Your code is too slow: {ratio} × the reference's time, and {limit} × is the most.")
UNDECIDED = gettext_noop("Too close to the limit to tell: the points are yours.")
TOO_FAST = gettext_noop(
    "Your code is faster than this exercise expects: the points are yours, and your teachers will look at it."
)
WRONG_TIMED = gettext_noop("The result of a timed call is wrong.")

EXERCISE_FAULT = gettext_noop("This exercise has a fault that is not yours: the run does not count.")
MACHINE_FAULT = gettext_noop("The grading machine has a fault that is not yours: the run does not count.")

VALUES = {
    "type": VALUE_TYPE,
    "dtype": VALUE_DTYPE,
    "cycle": VALUE_CYCLE,
    "depth": VALUE_DEPTH,
    "size": VALUE_SIZE,
    "parts": VALUE_PARTS,
    "int": VALUE_INT,
}


def _text(facts: dict[str, Any], key: str, limit: int = 500) -> str:
    value = facts.get(key, "")
    return clean(value, limit) if type(value) is str else ""


def _line(facts: dict[str, Any]) -> int:
    """The innermost line of the student's file; 0 when the facts name none."""
    lines = facts.get("lines")
    innermost = lines[-1] if isinstance(lines, list) and lines else facts
    line = innermost.get("line") if isinstance(innermost, dict) else 0
    return line if type(line) is int and 0 < line < 10**6 else 0


def raised(facts: dict[str, Any]) -> Sentence:
    """What an exception of the student's code means, in one sentence. `facts` may be forged: only texts are used."""
    function, message, line = _text(facts, "function", 80), _text(facts, "message"), _line(facts)
    kind = _text(facts, "kind", 20)
    if kind == "exit":
        return sentence(EXITED, function=function)
    if kind == "input":
        return sentence(ASKED, function=function)
    values: dict[str, str | int | float] = {"function": function, "type": _text(facts, "type", 80)}
    if line:
        values["line"] = line
    if message:
        values["message"] = message
        return sentence(RAISED_LINE if line else RAISED, **values)
    return sentence(RAISED_BARE_LINE if line else RAISED_BARE, **values)


def unusable(facts: dict[str, Any]) -> Sentence:
    """Why a test could not use an answer. `facts` may be forged: only known words and texts are used."""
    function, kind, reason = _text(facts, "function", 80), _text(facts, "kind", 20), _text(facts, "reason", 20)
    if kind == "undefined":
        return sentence(UNDEFINED, function=_text(facts, "name", 80))
    if kind == "not_callable":
        return sentence(NOT_CALLABLE, function=_text(facts, "name", 80))
    if kind == "no_attribute":
        return sentence(NO_ATTRIBUTE, type=_text(facts, "type", 80), name=_text(facts, "name", 80))
    if kind == "callbacks":
        return sentence(CALLBACKS, function=function, limit=MAX_CALLBACKS)
    if kind == "value" and reason in VALUES:
        values: dict[str, str | int | float] = {"function": function, "type": _text(facts, "type", 80)}
        return sentence(VALUES[reason], **values)
    return sentence(MALFORMED, function=function)


def not_loaded(facts: dict[str, Any], allowed: tuple[str, ...]) -> Sentence:
    """Why the student's file does not load."""
    line, kind = _line(facts), _text(facts, "kind", 20)
    if kind == "import":
        module = _text(facts, "module", 80)
        if not allowed:
            return sentence(LOAD_IMPORT_STANDARD, line=line, module=module)
        return sentence(LOAD_IMPORT, line=line, module=module, allowed=", ".join(allowed))
    if kind == "exit":
        return sentence(LOAD_EXIT, line=line)
    if kind == "input":
        return sentence(LOAD_INPUT, line=line)
    error = _text(facts, "error") or "error"
    return sentence(LOAD_ERROR_LINE, line=line, error=error) if line else sentence(LOAD_ERROR, error=error)


def plain_assert(message: str) -> Sentence:
    return author_words({"en": message}) if message else sentence(CHECK_FAILED)
