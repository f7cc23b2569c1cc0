"""Completions kept on the node's disk, by the hash of everything that they depend on.

One SQLite file for all graders of the node. It only saves time: when it cannot be read or written, the model is asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.models.interface import Completion

MAX_ROWS = 100_000
PRUNE_TO = 90_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS completion (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, new_tokens INTEGER NOT NULL,
    finish TEXT NOT NULL
)
"""
log = logging.getLogger(__name__)


def key(**parts: Any) -> str:
    """sha256 over the named parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Cache:
    """`max_rows`: beyond it, those that were stored first leave."""

    def __init__(self, path: Path, max_rows: int = MAX_ROWS) -> None:
        self._path = path
        self._max_rows = max_rows
        self._database: sqlite3.Connection | None = None
        self._usable = True

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Those of `keys` that are known."""
        found: dict[str, Completion] = {}
        query = "SELECT text, prompt_tokens, new_tokens, finish FROM completion WHERE key = ?"

        def read(database: sqlite3.Connection) -> None:
            for name in keys:
                row = database.execute(query, (name,)).fetchone()
                if row is not None:
                    found[name] = Completion(*row)

        self._with(read)
        return found

    def put(self, completions: dict[str, Completion]) -> None:
        rows = [(name, c.text, c.prompt_tokens, c.new_tokens, c.finish) for name, c in completions.items()]

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany("INSERT OR REPLACE INTO completion VALUES (?, ?, ?, ?, ?)", rows)
                (count,) = database.execute("SELECT COUNT(*) FROM completion").fetchone()
                if count > self._max_rows:
                    surplus = count - self._max_rows * PRUNE_TO // MAX_ROWS
                    database.execute(
                        "DELETE FROM completion WHERE rowid IN (SELECT rowid FROM completion ORDER BY rowid LIMIT ?)",
                        (surplus,),
                    )

        self._with(write)

    def _with(self, action: Any) -> None:
        if not self._usable:
            return
        try:
            action(self._open())
        except (sqlite3.Error, OSError) as error:
            log.warning("completions are not kept: %s: %s", self._path, error)
            self.close()
            self._usable = False

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=10)
            # What a power cut takes back is asked for again.
            self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
            self._database.execute(SCHEMA)
        return self._database

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
