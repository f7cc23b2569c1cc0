"""The zygotes of one grader: started on first need, kept warm, the least used one ended when there are too many."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from workers.devices import Gpu
from workers.jobs.bundle import ExerciseFiles, write_folder
from workers.sandbox import gpu as gpu_profile
from workers.sandbox import level, outer
from workers.sandbox.errors import MachineFault, SandboxUnavailable, ZygoteLost
from workers.sandbox.host import CAPS, FIRST_UID, UIDS, Setup, Zygote
from workers.sandbox.jail import Jail
from workers.sandbox.landlock import SCOPED_ABI, abi
from workers.sandbox.memory import SLACK, MemoryGroups, NoGroups

MAX_ZYGOTES = 4
SPARES = {"runner": 2, "judge": 1}
GPU_ONLY = "cupy"  # without a GPU it computes nothing: a solution that may run on either finds it missing
Key = tuple[tuple[str, ...], bool, int]


class Pool:
    """Raises SandboxUnavailable when this machine allows no jails. `close` leaves nothing behind."""

    def __init__(self, allow_reduced: bool, spares: bool, first: tuple[str, ...] = ("numpy",)) -> None:
        self._zygotes: dict[Key, Zygote] = {}
        self.gpu: Gpu | None = None  # that the runners of the present grade compute on; its sole user sets it
        self._spares = spares
        self._folder = ""
        self.level = level.FULL
        self.reduced_because = ""
        self.no_memory_groups = ""  # why that extra layer is not there
        self._groups = self._memory_groups()
        try:
            self.zygote(first, judges=True).wait_ready()
        except SandboxUnavailable as error:
            self.close()
            if not allow_reduced:
                raise
            self._groups = self._memory_groups()
            self._reduce(str(error))
            self.zygote(first, judges=True).wait_ready()

    def _memory_groups(self) -> MemoryGroups | None:
        try:
            return MemoryGroups()
        except NoGroups as error:
            self.no_memory_groups = str(error)
        return None

    def confine(self, jail: Jail, memory_mb: int) -> None:
        """Bound a runner's memory before it sees any foreign code: by a cgroup where there are some. A runner on a GPU
        has no limit on its address space, so that without cgroups somebody has to watch it."""
        room = (memory_mb << 20) + CAPS["runner"]["box_bytes"] + SLACK
        if self.gpu is not None:
            room += gpu_profile.HOST_SLACK
        try:
            if self._groups is not None:
                if jail.group is None:
                    raise OSError("no further memory group can be made")
                jail.group.confine(jail, room)
            elif self.gpu is not None:
                gpu_profile.MemoryWatch(jail, room).start()
        except ProcessLookupError:
            return  # it has ended already, as its next question finds out
        except OSError as error:
            jail.kill()
            raise MachineFault(f"the memory of a jail cannot be bounded: {error}") from None

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

    def zygote(self, modules: tuple[str, ...], judges: bool, gpu: Gpu | None = None) -> Zygote:
        """The zygote with these modules, started now when there is none. Does not wait for it.

        gpu: the card that its jails see; it makes runners only. Raises SandboxUnavailable at the level REDUCED.
        """
        key = _key(modules, judges, gpu)
        if gpu is not None and self.level != level.FULL:
            raise SandboxUnavailable("solutions run on a GPU at the sandbox level FULL only: " + self.reduced_because)
        if key not in self._zygotes:
            while len(self._zygotes) >= MAX_ZYGOTES:
                oldest = min(self._zygotes, key=lambda other: self._zygotes[other].used)
                self._zygotes.pop(oldest).close()
            setup = Setup(
                *key[:2],
                namespaces=self.level == level.FULL,
                judge_folder=self._folder,
                drivers=None if gpu is None else gpu_profile.nodes(gpu.minor),
            )
            self._zygotes[key] = Zygote(setup, self._groups)
        return self._zygotes[key]

    def take(self, modules: tuple[str, ...], role: str) -> Jail:
        """A fresh jail; a zygote that has died is started again once. Raises MachineFault."""
        gpu = self.gpu if role == "runner" else None
        wanted = modules if gpu is not None else without_gpu(modules), role == "judge", gpu
        try:
            return self.zygote(*wanted).take(role)
        except ZygoteLost:
            self._drop(*wanted)
            return self.zygote(*wanted).take(role)
        except MachineFault:  # it could not even start: a module may be installed by the time it is asked for again
            self._drop(*wanted)
            raise

    def _drop(self, modules: tuple[str, ...], judges: bool, gpu: Gpu | None = None) -> None:
        key = _key(modules, judges, gpu)
        if key in self._zygotes:
            self._zygotes.pop(key).close()

    def prepare(self, runner: tuple[str, ...], judge: tuple[str, ...]) -> None:
        """Refill the spares for the next submission. Does not wait."""
        if not self._spares:
            return
        runner = runner if self.gpu is not None else without_gpu(runner)
        wanted = (runner, False, "runner", self.gpu), (without_gpu(judge), True, "judge", None)
        for modules, judges, role, gpu in wanted:
            try:
                zygote = self._zygotes.get(_key(modules, judges, gpu))
                if zygote is not None and zygote.ready:
                    zygote.poll()
                    zygote.refill(role, SPARES[role])
            except ZygoteLost:
                self._drop(modules, judges, gpu)

    def close(self) -> None:
        while self._zygotes:
            self._zygotes.popitem()[1].close()
        if self._groups is not None:
            self._groups.close()
            self._groups = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""


def without_gpu(modules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in modules if name != GPU_ONLY)


def _key(modules: tuple[str, ...], judges: bool, gpu: Gpu | None) -> Key:
    """One process for both roles where that costs nothing more: a runtime with NumPy can judge as well. Not one that
    shows a card: `tests.py` has no use for it."""
    if gpu is not None:
        return tuple(sorted(modules)), False, gpu.minor
    return tuple(sorted(modules)), judges or "numpy" in modules, -1
