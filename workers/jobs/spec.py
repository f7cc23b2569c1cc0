"""exercise.toml: what an exercise says of itself, checked. Errors say which key and what to write there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("code", "prompt", "image-prompt")
DEVICES = ("cpu", "gpu", "any")
LANGUAGES = ("en", "fr")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TOP_KEYS = {"title", "kind", "languages", "modules", "device", "topics", "limits", "check", "prompt", "image"}
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
ROLES = ("chat", "base")  # of models; which one plays a role is the node's affair
PROMPT_KEYS = {"model", "also", "max_new_tokens", "max_prompt_tokens", "placeholder", "stop", "raw"}
PROMPT_RANGES = {"max_new_tokens": 1024, "max_prompt_tokens": 8192}  # largest values
IMAGE_ROLE = "image"  # of the model that draws
IMAGE_KEYS = {"target", "seeds", "steps", "size", "guidance", "max_characters", "floor", "ceiling", "calibration"}
MAX_SEEDS = 4  # pictures of one run
LEAST_GAP = 0.05  # between floor and ceiling: with less, chance would grade
CHECK_KEYS = {"strength", "equivalent"}
LIMIT_RANGES = {  # key: (smallest, largest)
    "seconds": (0.05, 600),
    "total_seconds": (0.1, 3600),
    "memory_mb": (64, 65536),
    "processes": (1, 256),
    "output_kb": (1, 1024),
}


class BadExercise(ValueError):
    """The exercise's author has to change something: the text says what."""


@dataclass(frozen=True)
class Limits:
    seconds: float = 5.0  # wall time of one test's calls, and of loading the module
    total_seconds: float = 30.0  # wall time of the whole run
    memory_mb: int = 1024  # address space beyond what the warm runtime already uses, MiB
    processes: int = 32  # threads and processes
    output_kb: int = 64  # stdout and stderr of one runner, KiB


@dataclass(frozen=True)
class PromptSpec:
    model: str = "chat"  # role that completes the rows unless a test names another one
    also: tuple[str, ...] = ()  # other roles that tests name
    max_new_tokens: int = 32  # of one completion
    max_prompt_tokens: int = 256  # of the student's template, without the rows
    placeholder: str = "{input}"  # where a row goes
    stop: tuple[str, ...] = ()  # texts at which a completion is cut
    raw: bool = False  # without the chat template: the model goes on with the text

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.model, *self.also)))


@dataclass(frozen=True)
class ImageSpec:
    target: str = "target.png"  # the picture to come near to: its path in the folder
    seeds: tuple[int, ...] = (1, 2, 3)  # one picture for each
    steps: int = 20
    size: int = 512  # pixels, width and height of a picture
    guidance: float = 7.5  # how strongly the prompt steers; 0 for models without
    max_characters: int = 300  # of the prompt
    floor: float | None = None  # likeness of pictures that have nothing to do with the target; None: not measured
    ceiling: float | None = None  # likeness that the reference prompt reaches with other seeds
    calibration: str = ""  # what floor and ceiling were measured with; empty: not said

    @property
    def calibrated(self) -> bool:
        return self.floor is not None and self.ceiling is not None


@dataclass(frozen=True)
class ExerciseSpec:
    title: Mapping[str, str]  # by language
    kind: str = "code"
    languages: tuple[str, ...] = ("en", "fr")
    modules: tuple[str, ...] = ()  # importable beside the standard library
    device: str = "cpu"
    topics: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    strength: float = 0.95  # share of mutants that the tests must kill
    equivalent: tuple[Mapping[str, str], ...] = ()  # mutants that change nothing, each with its reason
    prompt: PromptSpec | None = None  # of a prompt exercise, else None
    image: ImageSpec | None = None  # of an image exercise, else None

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of the models that a grade asks; none for code."""
        if self.image is not None:
            return (IMAGE_ROLE,)
        return self.prompt.roles if self.prompt is not None else ()


def parse_spec(text: str) -> ExerciseSpec:
    """Read the text of an exercise.toml. Raises BadExercise with a sentence that names the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadExercise(f"exercise.toml cannot be read: {error}") from None
    unknown = sorted(set(data) - TOP_KEYS)
    if unknown:
        raise BadExercise(f"exercise.toml: unknown key {unknown[0]!r}; known are {', '.join(sorted(TOP_KEYS))}")
    languages = _strings(data, "languages", ("en", "fr"))
    for language in languages:
        if language not in LANGUAGES:
            raise BadExercise(f"exercise.toml: languages: {language!r} is not one of {', '.join(LANGUAGES)}")
    if not languages:
        raise BadExercise("exercise.toml: languages: at least one is needed")
    check = _check_table(data)
    kind = _one_of(data, "kind", KINDS)
    return ExerciseSpec(
        title=_title(data.get("title"), languages),
        kind=kind,
        languages=languages,
        modules=_modules(data),
        device=_one_of(data, "device", DEVICES),
        topics=_strings(data, "topics", ()),
        limits=_limits(_table(data, "limits")),
        strength=_number("check.strength", check.get("strength", 0.95), 0, 1),
        equivalent=_equivalent(check.get("equivalent", [])),
        prompt=_prompt(data, kind),
        image=_image(data, kind),
    )


def _table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise BadExercise(f"exercise.toml: {key}: a table [{key}] is needed")
    return value


def _check_table(data: Mapping[str, Any]) -> dict[str, Any]:
    table = _table(data, "check")
    unknown = sorted(set(table) - CHECK_KEYS)
    if unknown:
        raise BadExercise(
            f"exercise.toml: check: unknown key {unknown[0]!r}; known are {', '.join(sorted(CHECK_KEYS))}"
        )
    return table


def _one_of(data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = data.get(key, allowed[0])
    if value not in allowed:
        raise BadExercise(f"exercise.toml: {key}: {value!r} is not one of {', '.join(allowed)}")
    return str(value)


def _strings(data: Mapping[str, Any], key: str, default: tuple[str, ...], table: str = "") -> tuple[str, ...]:
    value = data.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise BadExercise(f'exercise.toml: {table}{key}: a list of texts is needed, such as {key} = ["…"]')
    return tuple(value)


def _modules(data: Mapping[str, Any]) -> tuple[str, ...]:
    modules = _strings(data, "modules", ())
    for module in modules:
        if not MODULE.fullmatch(module):
            raise BadExercise(f"exercise.toml: modules: {module!r} is not a module's name")
    return modules


def _title(value: object, languages: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadExercise('exercise.toml: title: write title = { en = "…", fr = "…" }')
    for language in languages:
        if not isinstance(value.get(language), str) or not value[language].strip():
            raise BadExercise(f"exercise.toml: title: the language {language!r} is missing")
    return {str(key): str(text) for key, text in value.items()}


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadExercise(f"exercise.toml: {name}: a number from {low:g} to {high:g} is needed, not {value!r}")
    return float(value)


def _limits(table: Mapping[str, Any]) -> Limits:
    unknown = sorted(set(table) - set(LIMIT_RANGES))
    if unknown:
        raise BadExercise(f"exercise.toml: limits: unknown key {unknown[0]!r}; known are {', '.join(LIMIT_RANGES)}")
    values: dict[str, Any] = {}
    for key, (low, high) in LIMIT_RANGES.items():
        if key in table:
            number = _number(f"limits.{key}", table[key], low, high)
            values[key] = number if "seconds" in key else int(number)
    limits = Limits(**values)
    if limits.total_seconds < limits.seconds:
        raise BadExercise("exercise.toml: limits: total_seconds is less than seconds")
    return limits


def _prompt(data: Mapping[str, Any], kind: str) -> PromptSpec | None:
    table = _table(data, "prompt")
    if kind != "prompt":
        if table:
            raise BadExercise('exercise.toml: prompt: this table belongs to kind = "prompt" only')
        return None
    unknown = sorted(set(table) - PROMPT_KEYS)
    if unknown:
        raise BadExercise(
            f"exercise.toml: prompt: unknown key {unknown[0]!r}; known are {', '.join(sorted(PROMPT_KEYS))}"
        )
    also = _strings(table, "also", (), "prompt.")
    roles = (table.get("model", ROLES[0]), *also)
    for role in roles:
        if role not in ROLES:
            raise BadExercise(f"exercise.toml: prompt: {role!r} is no model's role; there are {', '.join(ROLES)}")
    placeholder = table.get("placeholder", PromptSpec.placeholder)
    if not isinstance(placeholder, str) or not 2 <= len(placeholder.strip()) == len(placeholder) <= 40:
        raise BadExercise(
            'exercise.toml: prompt.placeholder: a text of 2 to 40 characters is needed, such as "{input}"'
        )
    counts = {
        key: int(_number(f"prompt.{key}", table.get(key, getattr(PromptSpec, key)), 1, most))
        for key, most in PROMPT_RANGES.items()
    }
    raw = table.get("raw", False)
    if not isinstance(raw, bool):
        raise BadExercise("exercise.toml: prompt.raw: true or false is needed")
    stop = _strings(table, "stop", (), "prompt.")
    return PromptSpec(str(roles[0]), also, **counts, placeholder=placeholder, stop=stop, raw=raw)


def _image(data: Mapping[str, Any], kind: str) -> ImageSpec | None:
    table = _table(data, "image")
    if kind != "image-prompt":
        if table:
            raise BadExercise('exercise.toml: image: this table belongs to kind = "image-prompt" only')
        return None
    unknown = sorted(set(table) - IMAGE_KEYS)
    if unknown:
        raise BadExercise(
            f"exercise.toml: image: unknown key {unknown[0]!r}; known are {', '.join(sorted(IMAGE_KEYS))}"
        )
    target, calibration = table.get("target", ImageSpec.target), table.get("calibration", "")
    if not isinstance(target, str) or not target.endswith(".png"):
        raise BadExercise('exercise.toml: image.target: the path of a PNG file is needed, such as "target.png"')
    if not isinstance(calibration, str):
        raise BadExercise("exercise.toml: image.calibration: `python -m workers calibrate` writes it")
    size = int(_number("image.size", table.get("size", ImageSpec.size), 64, 1024))
    if size % 8:
        raise BadExercise("exercise.toml: image.size: a multiple of 8 is needed")
    floor, ceiling = _scale(table)
    return ImageSpec(
        target=target,
        seeds=_seeds(table.get("seeds", list(ImageSpec.seeds))),
        steps=int(_number("image.steps", table.get("steps", ImageSpec.steps), 1, 100)),
        size=size,
        guidance=_number("image.guidance", table.get("guidance", ImageSpec.guidance), 0, 30),
        max_characters=int(
            _number("image.max_characters", table.get("max_characters", ImageSpec.max_characters), 1, 4000)
        ),
        floor=floor,
        ceiling=ceiling,
        calibration=calibration,
    )


def _seeds(value: object) -> tuple[int, ...]:
    fits = isinstance(value, list) and all(type(seed) is int and 0 <= seed < 1 << 32 for seed in value)
    if not fits or not isinstance(value, list) or not 1 <= len(set(value)) == len(value) <= MAX_SEEDS:
        raise BadExercise(
            f"exercise.toml: image.seeds: from 1 to {MAX_SEEDS} different whole numbers are needed, such as [1, 2, 3]"
        )
    return tuple(value)


def _scale(table: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Floor and ceiling: both, or none."""
    given = {key: _number(f"image.{key}", table[key], -1, 1) for key in ("floor", "ceiling") if key in table}
    if len(given) == 1:
        raise BadExercise(
            "exercise.toml: image: floor and ceiling go together: `python -m workers calibrate` writes both"
        )
    if given and given["ceiling"] - given["floor"] < LEAST_GAP:
        raise BadExercise(
            f"exercise.toml: image: ceiling - floor is less than {LEAST_GAP:g}: chance would grade. Choose a target "
            "that the reference prompt comes nearer to than any other prompt"
        )
    return given.get("floor"), given.get("ceiling")


def _equivalent(value: object) -> tuple[Mapping[str, str], ...]:
    if not isinstance(value, list) or not all(
        isinstance(item, dict) and isinstance(item.get("mutant"), str) and isinstance(item.get("reason"), str)
        for item in value
    ):
        raise BadExercise('exercise.toml: check.equivalent: write { mutant = "…", reason = "…" } for each')
    return tuple(value)
