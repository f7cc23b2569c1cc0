"""`Models`: the roles of this node, with the cache before them. What graders, `doctor` and the announcement use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from workers.models.cache import Cache, PictureCache, key
from workers.models.interface import Backend, Canvas, Completion, Drawing, ModelFacts, ModelFault, NoModel
from workers.models.local import LocalBackend, Process
from workers.models.settings import SETTINGS, Settings, read_settings

CACHE_FILE = "completions.sqlite3"
PICTURES_FILE = "pictures.sqlite3"


@dataclass(frozen=True)
class Answer:
    completion: Completion
    cached: bool


@dataclass(frozen=True)
class Drawn:
    drawing: Drawing
    cached: bool


class Models:
    """Use from one thread, and `close` it. Nothing is started before the first question."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Raises BadSetting when the environment holds an unusable value."""
        self.settings = settings or read_settings()
        self.process = Process(self.settings)
        self._backends: dict[str, Backend] = {}
        self._cache = Cache(self.settings.home / CACHE_FILE) if self.settings.cache else None
        self._pictures = PictureCache(self.settings.home / PICTURES_FILE) if self.settings.cache else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the model process when this object owns it, and every connection. May be called again."""
        while self._backends:
            self._backends.popitem()[1].close()
        self.process.close()
        for kept in (self._cache, self._pictures):
            if kept is not None:
                kept.close()

    # ---- roles --------------------------------------------------------------------------------------------------

    def missing(self) -> Mapping[str, str]:
        """Roles without a model, and why."""
        return {role: source.place for role, source in self.settings.sources.items() if source.kind == "none"}

    def roles(self) -> tuple[str, ...]:
        return tuple(role for role, source in self.settings.sources.items() if source.kind != "none")

    def backend(self, role: str) -> Backend:
        """Raises NoModel."""
        if role not in self._backends:
            source = self.settings.sources.get(role)
            if source is None or source.kind == "none":
                why = source.place if source is not None else "there is no such role"
                raise NoModel(f"this node has no {role} model ({why}): set {SETTINGS.get(role, 'MODEL_CHAT')}")
            if source.kind == "url":
                from workers.models.remote import RemoteBackend

                self._backends[role] = RemoteBackend(role, source.place, self.settings.api_key)
            else:
                self._backends[role] = LocalBackend(role, self.process)
        return self._backends[role]

    def facts(self, role: str) -> ModelFacts:
        """Raises ModelFault."""
        return self.backend(role).facts()

    def count_tokens(self, role: str, texts: list[str]) -> list[int]:
        """Raises ModelFault."""
        counts = self.backend(role).count_tokens(texts)
        if len(counts) != len(texts):
            raise ModelFault("the model counts other texts than asked for")
        return counts

    # ---- completions ----------------------------------------------------------------------------------------------

    def complete(
        self, role: str, prompts: list[str], shared: str, max_new_tokens: int, raw: bool, cache: bool = True
    ) -> list[Answer]:
        """One answer for each prompt, in order; equal prompts are asked once. Raises ModelFault.

        shared: the template's text before its first placeholder. cache: whether kept completions may be used.
        """
        facts = self.facts(role)
        fixed = {name: facts[name] for name in ("backend", "weights", "template", "config")}
        keys = [
            key(**fixed, prompt=prompt, shared=shared, max_new_tokens=max_new_tokens, raw=raw) for prompt in prompts
        ]
        known = self._cache.get(keys) if self._cache is not None and cache else {}
        asked = {name: prompt for name, prompt in zip(keys, prompts, strict=True) if name not in known}
        fresh: dict[str, Completion] = {}
        if asked:
            found = self.backend(role).complete(list(asked.values()), shared, max_new_tokens, raw)
            if len(found) != len(asked):
                raise ModelFault("the model gave another number of completions than asked for")
            fresh = dict(zip(asked, found, strict=True))
            if self._cache is not None and cache:
                self._cache.put(fresh)
        return [Answer(known.get(name) or fresh[name], name in known) for name in keys]

    # ---- pictures -------------------------------------------------------------------------------------------------

    def draw(self, prompt: str, canvas: Canvas, target: bytes, cache: bool = True) -> Drawn:
        """One picture, compared with `target`, a PNG. cache: a kept one will do. Raises ModelFault, BadTarget."""
        facts = self.facts("image")
        fixed = {name: facts[name] for name in ("backend", "weights", "config")}
        name = key(**fixed, prompt=prompt, canvas=asdict(canvas), target=hashlib.sha256(target).hexdigest())
        kept = self._pictures if cache else None
        if kept is not None and (known := kept.get([name]).get(name)) is not None:
            return Drawn(known, True)
        backend = self.backend("image")
        assert isinstance(backend, LocalBackend)  # the setting takes folders alone
        fresh = backend.draw(prompt, canvas, target)
        if kept is not None:
            kept.put({name: fresh})
        return Drawn(fresh, False)
