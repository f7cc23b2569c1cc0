"""The zygotes of one grader: started on first need, kept warm, the least used one ended when there are too many."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from workers.jobs.bundle import ExerciseFiles, write_folder
from workers.sandbox import level, outer
from workers.sandbox.errors import MachineFault, SandboxUnavailable, ZygoteLost
from workers.sandbox.host import FIRST_UID, UIDS, Setup, Zygote
from workers.sandbox.jail import Jail
from workers.sandbox.landlock import SCOPED_ABI, abi

MAX_ZYGOTES = 4
SPARES = {"runner": 2, "judge": 1}


class Pool:
    """Raises SandboxUnavailable when this machine allows no jails. `close` leaves nothing behind."""

    def __init__(self, allow_reduced: bool, spares: bool, first: tuple[str, ...] = ("numpy",)) -> None:
        self._zygotes: dict[tuple[tuple[str, ...], bool], Zygote] = {}
        self._spares = spares
        self._folder = ""
        self.level = level.FULL
        self.reduced_because = ""
        try:
            self.zygote(first, judges=True).wait_ready()
        except SandboxUnavailable as error:
            self.close()
            if not allow_reduced:
                raise
            self._reduce(str(error))
            self.zygote(first, judges=True).wait_ready()

    def _reduce(self, why: str) -> None:
        """No namespaces: Landlock and the filter alone. Without Landlock's scopes signals would get out."""
        try:
            version = abi()
        except OSError:
            version = 0
        if version < SCOPED_ABI:
            raise SandboxUnavailable(
                f"{why}; nor can it run at the level REDUCED: that needs Landlock ABI {SCOPED_ABI} (Linux 6.12)"
            )
        self.level = level.REDUCED
        self.reduced_because = why
        self._folder = tempfile.mkdtemp(prefix="rendu-judge-")
        if outer.full_root():
            os.chown(self._folder, FIRST_UID + os.getpid() % UIDS, -1)

    @property
    def judge_folder(self) -> str:
        """Where a judge of the level REDUCED finds its exercise; empty in FULL."""
        return f"{self._folder}/exercise" if self._folder else ""

    def show_exercise(self, files: ExerciseFiles) -> None:
        """REDUCED only: jails have no folder of their own, so the judge reads the exercise from one of ours."""
        if not self._folder:
            return
        shutil.rmtree(self.judge_folder, ignore_errors=True)
        kept = {p: c for p, c in files.files.items() if not p.startswith(("statement.", "wrong/"))}
        write_folder(ExerciseFiles(kept), Path(self.judge_folder))

    # ---- zygotes ------------------------------------------------------------------------------------------------

    def zygote(self, modules: tuple[str, ...], judges: bool) -> Zygote:
        """The zygote with these modules, started now when there is none. Does not wait for it."""
        key = _key(modules, judges)
        if key not in self._zygotes:
            while len(self._zygotes) >= MAX_ZYGOTES:
                oldest = min(self._zygotes, key=lambda other: self._zygotes[other].used)
                self._zygotes.pop(oldest).close()
            setup = Setup(*key, namespaces=self.level == level.FULL, judge_folder=self._folder)
            self._zygotes[key] = Zygote(setup)
        return self._zygotes[key]

    def take(self, modules: tuple[str, ...], role: str) -> Jail:
        """A fresh jail; a zygote that has died is started again once. Raises MachineFault."""
        try:
            return self.zygote(modules, role == "judge").take(role)
        except ZygoteLost:
            self._drop(modules, role == "judge")
            return self.zygote(modules, role == "judge").take(role)
        except MachineFault:  # it could not even start: a module may be installed by the time it is asked for again
            self._drop(modules, role == "judge")
            raise

    def _drop(self, modules: tuple[str, ...], judges: bool) -> None:
        key = _key(modules, judges)
        if key in self._zygotes:
            self._zygotes.pop(key).close()

    def prepare(self, runner: tuple[str, ...], judge: tuple[str, ...]) -> None:
        """Refill the spares for the next submission. Does not wait."""
        if not self._spares:
            return
        wanted = (runner, False, "runner"), (judge, True, "judge")
        for modules, judges, role in wanted:
            try:
                zygote = self._zygotes.get(_key(modules, judges))
                if zygote is not None and zygote.ready:
                    zygote.poll()
                    zygote.refill(role, SPARES[role])
            except ZygoteLost:
                self._drop(modules, judges)

    def close(self) -> None:
        while self._zygotes:
            self._zygotes.popitem()[1].close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""


def _key(modules: tuple[str, ...], judges: bool) -> tuple[tuple[str, ...], bool]:
    """One process for both roles where that costs nothing more: a runtime with NumPy can judge as well."""
    return tuple(sorted(modules)), judges or "numpy" in modules
