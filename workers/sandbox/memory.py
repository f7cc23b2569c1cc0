"""A memory cgroup for each runner, where this process may make one: counts what RLIMIT_AS does not, such as pages of
/box, socket buffers and page tables. An extra layer: without it everything else holds as before.

Both versions of cgroups are served. The kernel ends a jail that outgrows its group by SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from workers.sandbox.freeze import host_pid
from workers.sandbox.jail import Jail

ROOT = Path("/sys/fs/cgroup")
PREFIX = "rendu-"
SLACK = 64 << 20  # bytes beyond the exercise's own: page tables, socket buffers, copies of the zygote's pages
TURNS = 4  # groups with one limit, used in turn: what an ended jail held is long given back when its group's turn comes
LIMITS = {1: "memory.limit_in_bytes", 2: "memory.max"}


class NoGroups(Exception):
    """Why this process cannot make memory cgroups, and what would change that."""


class MemoryGroups:
    """A folder below our own cgroup, with a group for each running jail. Raises NoGroups; `close` ends it."""

    def __init__(self) -> None:
        parent, self.version = _own_group()
        _sweep(parent)
        self._folder = parent / f"{PREFIX}{os.getpid()}-{id(self):x}"
        self._number = 0
        self._made: dict[str, Path] = {}
        try:
            self._folder.mkdir()
            if self.version == 2:
                (self._folder / "cgroup.subtree_control").write_text("+memory")
        except OSError as error:
            _remove(self._folder)
            raise NoGroups(
                f"{error.strerror} in {parent}: run the worker as root, or let systemd delegate it"
            ) from None

    def confine(self, jail: Jail, limit: int) -> None:
        """Bring the jail's process and its later threads below `limit` bytes. A jail that has ended is left alone."""
        self._number += 1
        name = f"{limit}-{self._number % TURNS}"
        if name not in self._made:
            group = self._folder / name
            group.mkdir()
            self._made[name] = group
            (group / LIMITS[self.version]).write_text(str(limit))
        with contextlib.suppress(ProcessLookupError):
            _write(f"{self._made[name]}/cgroup.procs", str(host_pid(jail)))

    def close(self) -> None:
        """Remove the groups; those of jails that are still being taken apart fall to the next grader's start."""
        for group in self._made.values():
            _remove(group)
        _remove(self._folder)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _own_group() -> tuple[Path, int]:
    """Where this process may make memory groups, and the version of that hierarchy."""
    rows = [row.split(":", 2) for row in Path("/proc/self/cgroup").read_text().splitlines()]
    paths = {controllers: path.lstrip("/") for _, controllers, path in rows}
    if "memory" in paths:
        group = ROOT / "memory" / paths["memory"]
        return (group if group.is_dir() else ROOT / "memory"), 1
    own = ROOT / paths.get("", "")
    # Version 2: only a group without processes of its own hands controllers on, hence the one above our own.
    for group in (own,) if own.suffix in (".service", ".scope") else (own, own.parent):
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text("+memory")
            return group, 2
    raise NoGroups("no memory controller is handed on: let systemd start the worker with DelegateSubgroup=worker")


def _sweep(parent: Path) -> None:
    """Remove what graders left that were killed; the kernel refuses where somebody still lives."""
    for folder in parent.glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if not Path(f"/proc/{pid}").exists():
            for group in [*folder.glob("*/"), folder]:
                _remove(group)


def _remove(group: Path) -> None:
    with contextlib.suppress(OSError):  # somebody still lives in it, or it is gone
        group.rmdir()
