"""Answers of models kept on the node's disk, by the hash of everything that they depend on.

One SQLite file of a kind for all graders of the node. It only saves time: when it cannot be read or written, the model
is asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from workers.models.interface import BadTarget, Completion, Drawing, ModelFault

PRUNE_TO = 0.9  # of the most rows, so that not every answer has to make room
T = TypeVar("T")
log = logging.getLogger(__name__)


def key(**parts: Any) -> str:
    """sha256 over the named parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Kept(Generic[T]):
    """`max_rows`: beyond it, those that were stored first leave."""

    TABLE: str
    COLUMNS: tuple[tuple[str, str], ...]  # (name, SQL type)
    MAX_ROWS: int

    def __init__(self, path: Path, max_rows: int = 0) -> None:
        self._path = path
        self._max_rows = max_rows or self.MAX_ROWS
        self._database: sqlite3.Connection | None = None
        self._usable = True

    @abstractmethod
    def _values(self, item: T) -> tuple[Any, ...]:
        """The item as the columns' values."""

    @abstractmethod
    def _item(self, values: tuple[Any, ...]) -> T | None:
        """The item that was kept so; None when it cannot be read any more."""

    def get(self, keys: Sequence[str]) -> dict[str, T]:
        """Those of `keys` that are known."""
        found: dict[str, T] = {}
        columns = ", ".join(name for name, _ in self.COLUMNS)

        def read(database: sqlite3.Connection) -> None:
            for name in keys:
                row = database.execute(f"SELECT {columns} FROM {self.TABLE} WHERE key = ?", (name,)).fetchone()
                item = self._item(row) if row is not None else None
                if item is not None:
                    found[name] = item

        self._with(read)
        return found

    def put(self, items: dict[str, T]) -> None:
        rows = [(name, *self._values(item)) for name, item in items.items()]
        places = ", ".join("?" * (1 + len(self.COLUMNS)))

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(f"INSERT OR REPLACE INTO {self.TABLE} VALUES ({places})", rows)
                (count,) = database.execute(f"SELECT COUNT(*) FROM {self.TABLE}").fetchone()
                if count > self._max_rows:
                    surplus = count - int(self._max_rows * PRUNE_TO)
                    oldest = f"SELECT rowid FROM {self.TABLE} ORDER BY rowid LIMIT ?"
                    database.execute(f"DELETE FROM {self.TABLE} WHERE rowid IN ({oldest})", (surplus,))

        self._with(write)

    def _with(self, action: Any) -> None:
        if not self._usable:
            return
        try:
            action(self._open())
        except (sqlite3.Error, OSError) as error:
            log.warning("what models answer is not kept: %s: %s", self._path, error)
            self.close()
            self._usable = False

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=10)
            # What a power cut takes back is asked for again.
            self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
            columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in self.COLUMNS)
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {self.TABLE} (key TEXT PRIMARY KEY, {columns})")
        return self._database

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


class Cache(Kept[Completion]):
    TABLE = "completion"
    COLUMNS = (("text", "TEXT"), ("prompt_tokens", "INTEGER"), ("new_tokens", "INTEGER"), ("finish", "TEXT"))
    MAX_ROWS = 100_000

    def _values(self, item: Completion) -> tuple[Any, ...]:
        return item.text, item.prompt_tokens, item.new_tokens, item.finish

    def _item(self, values: tuple[Any, ...]) -> Completion | None:
        return Completion(*values)


class PictureCache(Kept[Drawing]):
    """A picture takes some ten kilobytes."""

    TABLE = "picture"
    COLUMNS = (("drawing", "TEXT"),)
    MAX_ROWS = 5000

    def _values(self, item: Drawing) -> tuple[Any, ...]:
        return (json.dumps(asdict(item)),)

    def _item(self, values: tuple[Any, ...]) -> Drawing | None:
        try:
            return Drawing.from_dict(json.loads(values[0]))
        except (ValueError, BadTarget, ModelFault):
            return None
