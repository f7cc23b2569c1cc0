"""The result of a grade, as `python -m workers grade --json` prints it and as the site stores it.

Everything here comes from a jail or from a node that may be hostile: the site checks it against the version's manifest.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

# Of a run. "error" is never the student's fault and never counts as a grade.
VERDICTS = ("passed", "partial", "failed", "timeout", "memory", "crashed", "rejected", "error")
# Of one test. "inconclusive" is for timing only.
TEST_VERDICTS = ("passed", "failed", "inconclusive", "timeout", "memory", "crashed", "skipped", "error")


class Sentence(TypedDict):
    """One sentence for the student: an English template (see `sentences`) that the site translates, and its values."""

    template: str  # "Row {row}: got {got}, expected {expected}"
    values: dict[str, str | int | float]


class Difference(TypedDict):
    """The first difference between what came back and what was expected. Public tests only."""

    where: str  # "[3, 1]" or "['loss'][2]"; empty for the whole value
    got: str  # shortened text of the value
    expected: str
    different: int  # how many elements differ
    total: int  # of how many


class Series(TypedDict):
    name: str
    x: list[float | None] | None  # None: 0, 1, 2, …; a number that is not finite is None
    y: list[float | None]


class Timing(TypedDict):
    ratio: float
    low: float
    high: float
    at_most: float
    pairs: int


class TextMark(TypedDict):
    """What one assertion says of one text."""

    right: bool
    expected: str  # shortened; empty when the assertion expects the same of every text


class TextCheck(TypedDict):
    """One assertion over several texts (`workers.testkit.texts`)."""

    check: str  # "labels", "exact", …
    right: int  # texts for which it holds
    total: int
    needed: int  # as many are asked for
    marks: NotRequired[list[TextMark]]  # one for each text, in order; of public tests only


class TestResult(TypedDict):
    name: str
    public: bool
    verdict: str  # one of TEST_VERDICTS
    points: float
    max_points: float
    message: str  # the sentences in English, joined
    sentences: list[Sentence]
    seconds: float
    timing: Timing | None
    difference: Difference | None
    input: str  # the call as sent, shortened: "backward(array([[…]]), …)"
    output: str  # what the student's code printed during this test
    hint: dict[str, str] | None  # by language; only when not passed
    series: list[Series]
    staff: str  # traceback of tests.py and the like: staff only
    checks: NotRequired[list[TextCheck]]  # prompt exercises: what each assertion over texts counted


class CompletionRow(TypedDict):
    row: str
    output: str  # as tests.py got it
    uncut: str  # as the model wrote it, when a stop text of the exercise cut it; else empty
    prompt_tokens: int
    new_tokens: int
    finish: str  # "stop": the model ended it; "length": the limit did
    cached: bool


class CompletionCall(TypedDict):
    """One call of `solution.complete`. Of a hidden test: staff only."""

    test: str
    public: bool
    model: str  # role
    raw: bool  # without the chat template
    max_new_tokens: int
    seconds: float
    rows: list[CompletionRow]


class PromptReport(TypedDict):
    """Of a prompt exercise: nothing in it tells of hidden rows but counts."""

    tokens: int  # of the template, without rows; 0 when it was refused before they were counted
    max_tokens: int
    characters: int
    max_new_tokens: int
    rows: int  # completed, in all tests
    prompt_tokens: int  # of all of them
    new_tokens: int
    from_cache: int  # rows
    seconds: float  # waited for models
    models: list[dict[str, Any]]  # workers.models.interface.ModelFacts of each role that was asked


class DrawnPicture(TypedDict):
    """One picture that a student's prompt gave. Neither prompt, seed nor target is a secret, so the student sees it."""

    seed: int
    score: float  # 0 to 1 between the exercise's floor and ceiling; 0 too when it is withheld or shows the prompt
    similarity: float  # to the target, as the models say it
    words: list[str]  # of the prompt, written in the picture and not in the target
    words_checked: bool  # False: the node has no program that reads pictures
    withheld: bool  # the model's safety checker turned it down
    picture: str  # WebP in base64, for people; empty when withheld
    pixels: str  # sha256 of the picture as it was drawn
    cached: bool


class ImageReport(TypedDict):
    """Of an image exercise."""

    characters: int
    max_characters: int
    tokens: int  # of the prompt; 0 when it was refused before they were counted
    max_tokens: int  # that the model reads
    size: int  # pixels, width and height
    steps: int
    guidance: float
    floor: float
    ceiling: float
    seconds: float  # waited for models
    models: list[dict[str, Any]]  # workers.models.interface.ModelFacts
    pictures: list[DrawnPicture]  # those that tests asked for, in the order of the seeds


class GradeReport(TypedDict):
    exercise: str  # the folder's name
    version: str  # ExerciseFiles.version
    grading_version: str  # ExerciseFiles.grading_version
    verdict: str  # one of VERDICTS
    score: float
    max_score: float
    seed: int
    seconds: float
    public_only: bool
    message: str  # for "rejected", "error" and the like: why nothing ran, in English
    sentences: list[Sentence]  # the same, to translate
    tests: list[TestResult]
    output: str  # the student's own stdout and stderr while public tests ran, loading included
    staff: str  # what is wrong with the exercise or the machine: staff only
    sandbox: dict[str, Any]  # {"level": "FULL", …}
    prompt: NotRequired[PromptReport]  # of prompt exercises
    completions: NotRequired[list[CompletionCall]]  # of prompt exercises; those of hidden tests are for staff only
    image: NotRequired[ImageReport]  # of image exercises


class TestEntry(TypedDict):
    name: str
    points: float
    public: bool
    timing: bool
    hint: dict[str, str] | None
    title: dict[str, str] | None  # the name in other languages


class Manifest(TypedDict):
    """The outcome of a listing: what the version's tests are. Later reports are checked against it."""

    exercise: str
    version: str
    grading_version: str
    ok: bool
    fault: str  # when not ok: what the author has to change, or what the machine lacks
    machine: bool  # True: the machine is at fault, so another node may try; False: the exercise is
    max_score: float
    tests: list[TestEntry]
