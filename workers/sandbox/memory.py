"""A memory cgroup for each runner, where this process may make one: counts what RLIMIT_AS does not, such as pages of
/box, socket buffers and page tables. An extra layer: without it everything else holds as before.

Both versions of cgroups are served. The kernel ends a jail that outgrows its group by SIGKILL.

A jail joins its group by itself, as the first thing after its fork. To move another process in from outside takes a
lock of the whole machine: 6 ms were measured against 0.05, and meanwhile nobody on the machine forks or ends.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path

from workers.sandbox.freeze import host_pid
from workers.sandbox.jail import Jail

ROOT = Path("/sys/fs/cgroup")
PREFIX = "rendu-"
SLACK = 64 << 20  # bytes beyond the exercise's own: page tables, socket buffers, copies of the zygote's pages
RESTING = 3  # groups that wait at least: what an ended jail held is long given back when its group's turn comes again
LIMITS = {1: "memory.limit_in_bytes", 2: "memory.max"}


class NoGroups(Exception):
    """Why this process cannot make memory cgroups, and what would change that."""


class Group:
    """One jail's. `MemoryGroups.lend` gives it, `release` gives it back."""

    def __init__(self, path: Path, version: int, resting: deque[Group]) -> None:
        self.path = path
        self._limit_file = path / LIMITS[version]
        self._resting = resting
        self._limit = 0  # as made: none
        path.mkdir()

    def open(self) -> int:
        """A descriptor for the jail's `inner.join`: the kernel asks who opened it, not who writes. Close it."""
        return os.open(self.path / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def confine(self, jail: Jail, limit: int) -> None:
        """Bound the jail's process and its later threads by `limit` bytes. A jail that has ended is left alone."""
        if limit != self._limit:
            self._limit_file.write_text(str(limit))
            self._limit = limit
        with contextlib.suppress(ProcessLookupError):
            pid = host_pid(jail)
            # Kernels before 5.16 ask who writes, and refuse the jail's own move.
            if str(pid) not in (self.path / "cgroup.procs").read_text().split():
                (self.path / "cgroup.procs").write_text(str(pid))

    def release(self) -> None:
        """Its jail has been killed."""
        self._resting.append(self)


class MemoryGroups:
    """A folder below our own cgroup, with a group for each jail. Raises NoGroups; `close` ends it."""

    def __init__(self) -> None:
        parent, self.version = _own_group()
        _sweep(parent)
        self._folder = parent / f"{PREFIX}{os.getpid()}-{id(self):x}"
        self._made: list[Group] = []
        self._resting: deque[Group] = deque()
        try:
            self._folder.mkdir()
            if self.version == 2:
                (self._folder / "cgroup.subtree_control").write_text("+memory")
        except OSError as error:
            _remove(self._folder)
            raise NoGroups(
                f"{error.strerror} in {parent}: run the worker as root, or let systemd delegate it"
            ) from None

    def lend(self) -> Group:
        """The one that has rested longest, or a new one. Raises OSError when the machine allows no more."""
        if len(self._resting) > RESTING:
            return self._resting.popleft()
        group = Group(self._folder / str(len(self._made)), self.version, self._resting)
        self._made.append(group)
        return group

    def close(self) -> None:
        """Remove the groups; those of jails that are still being taken apart fall to the next grader's start."""
        for group in self._made:
            _remove(group.path)
        _remove(self._folder)


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
