"""Who may use which GPU of this node: one job at a time on each, a look at its memory after each.

Every pool process of the node has a `Keeper`; what they share is a folder with one lock and, when it came to that, one
note for each card. The note says why the card is in quarantine and how much memory was in use before the job that left
something behind: as soon as that is free again the note is taken away, by whoever looks.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import json
import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from workers.devices import Devices, Gpu, NoGpu, State
from workers.jobs.spec import ExerciseSpec
from workers.sandbox import gpu as profile
from workers.sandbox.errors import MachineFault

log = logging.getLogger(__name__)

LIBRARIES = {"cupy": "CuPy", "torch": "PyTorch"}  # modules that compute on a GPU
INSTALL = {"cupy": "requirements-gpu.txt", "torch": "requirements-models.txt"}
RUNTIME_NAMES = {"cupy": "cupy", "torch": "torch-cuda"}
TOLERANCE = 64 << 20  # bytes of a card's memory that the driver itself takes and gives back
SETTLE_SECONDS = 10.0  # the driver frees a killed process's memory after its end
POLL_SECONDS = 0.05
BUSY_POLL_SECONDS = 0.2


class GpuBusy(MachineFault):
    """The card cannot be used for grading now; another node may do better."""


class Keeper:
    """`folder`: shared by the processes of one node and one user. `settle`: seconds that a card gets to be clean."""

    def __init__(
        self,
        devices: Devices | None = None,
        folder: Path | None = None,
        settle: float = SETTLE_SECONDS,
        missing_nodes: Callable[[int], tuple[str, ...]] = profile.missing_nodes,
    ) -> None:
        self.devices = devices or Devices()
        self._folder = folder or Path(tempfile.gettempdir()) / f"rendu-gpu-{os.geteuid()}"
        self._settle = settle
        self._missing_nodes = missing_nodes

    # ---- what there is ------------------------------------------------------------------------------------------

    def survey(self) -> list[tuple[Gpu, str]]:
        """Every card with the reason why it takes no jobs now; empty when it does. Never raises."""
        try:
            return [(gpu, self._unfit(gpu)) for gpu in self.devices.list()]
        except NoGpu:
            return []

    def usable(self) -> list[Gpu]:
        return [gpu for gpu, why in self.survey() if not why]

    def announce(self) -> tuple[str, ...]:
        """For the node's greeting: "gpu:NVIDIA T4", or "quarantined:NVIDIA T4: why" for one that takes no jobs."""
        return tuple(f"quarantined:{gpu.name}: {why}"[:200] if why else f"gpu:{gpu.name}" for gpu, why in self.survey())

    def why_none(self) -> str:
        """One sentence for the operator: why no card can be used here; empty when one can."""
        try:
            gpus = self.devices.list()
        except NoGpu as error:
            return str(error)
        if not gpus:
            return "the NVIDIA driver is there, and no GPU"
        reasons = [f"{gpu.name}: {why}" for gpu in gpus if (why := self._unfit(gpu))]
        return "; ".join(reasons) if len(reasons) == len(gpus) else ""

    def runtimes(self) -> list[str]:
        """Names of the GPU runtimes that this node can offer."""
        if not self.usable():
            return []
        return [RUNTIME_NAMES[name] for name in LIBRARIES if not library_problem(name)]

    def _unfit(self, gpu: Gpu) -> str:
        if missing := self._missing_nodes(gpu.minor):
            return f"{missing[0]} does not exist: run `nvidia-modprobe -u -c=0` as root"
        try:
            with self._lock(gpu, wait=False):
                state = self.devices.state(gpu)
                if why := self._note(gpu, state):
                    return why
                return f"process {min(state.processes)} uses it" if state.processes else ""
        except BlockingIOError:
            return ""  # a job of ours is on it
        except (NoGpu, OSError) as error:
            return str(error)

    # ---- a job --------------------------------------------------------------------------------------------------

    def needed(self, spec: ExerciseSpec) -> bool:
        """Whether a solution of this exercise runs on a GPU here. `any` does when there is one, and a use for it."""
        if spec.device == "any":
            used = [name for name in LIBRARIES if name in spec.modules]
            return bool(used) and not any(map(library_problem, used)) and not self.why_none()
        return spec.device == "gpu"

    @contextlib.contextmanager
    def lease(self, spec: ExerciseSpec, timed: bool = False) -> Iterator[Gpu]:
        """The sole use of a card, waited for. Raises NoGpu or GpuBusy; quarantines the card that is not clean after.

        timed: for measuring, so that the card's clocks must not be held back.
        """
        for problem in (library_problem(name) for name in LIBRARIES if name in spec.modules):
            if problem:
                raise NoGpu(problem)
        if why := self.why_none():
            raise NoGpu(why)
        with self._any_lock() as gpu:
            before = self._fresh(gpu, timed)
            try:
                yield gpu
            finally:
                self._check_after(gpu, before)

    @contextlib.contextmanager
    def _any_lock(self) -> Iterator[Gpu]:
        """The lock of the first usable card that is free."""
        while True:
            for gpu in self.usable():
                with contextlib.suppress(BlockingIOError), contextlib.ExitStack() as stack:
                    stack.enter_context(self._lock(gpu, wait=False))
                    held = stack.pop_all()
                    break
            else:
                if why := self.why_none():
                    raise GpuBusy(why)
                time.sleep(BUSY_POLL_SECONDS)
                continue
            with held:
                yield gpu
            return

    @contextlib.contextmanager
    def _lock(self, gpu: Gpu, wait: bool) -> Iterator[None]:
        """Raises BlockingIOError when another process, or another keeper of this one, has it and `wait` is False."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._folder.stat().st_uid != os.geteuid():
            raise PermissionError(f"{self._folder} belongs to somebody else: remove it")
        with open(self._folder / f"{gpu.uuid}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield

    def _fresh(self, gpu: Gpu, timed: bool) -> State:
        """The card before a job. Raises GpuBusy when a stranger computes on it or its clocks are held back."""
        deadline = time.monotonic() + self._settle
        while True:
            state = self.devices.state(gpu)
            if not state.processes and not (timed and state.throttled):
                return state
            if time.monotonic() > deadline:
                reason = f"process {min(state.processes)} uses it" if state.processes else ", ".join(state.throttled)
                raise GpuBusy(f"the GPU {gpu.name} cannot be used for grading now: {reason}")
            time.sleep(POLL_SECONDS)

    # ---- after a job --------------------------------------------------------------------------------------------

    def _check_after(self, gpu: Gpu, before: State) -> None:
        """All jails of the job have been killed: nothing of them may be left on the card."""
        deadline = time.monotonic() + self._settle
        try:
            while not _clean(state := self.devices.state(gpu), before.used_bytes):
                kill_ours(state.processes)
                if time.monotonic() > deadline:
                    self._quarantine(gpu, _left_behind(state, before.used_bytes), before.used_bytes)
                    return
                time.sleep(POLL_SECONDS)
        except NoGpu as error:
            self._quarantine(gpu, str(error), before.used_bytes)

    def _quarantine(self, gpu: Gpu, why: str, used_bytes: int) -> None:
        log.error("the GPU %s takes no more jobs: %s", gpu.name, why)
        note = self._folder / f"{gpu.uuid}.quarantine"
        whole = note.with_suffix(".new")  # another process may be reading
        whole.write_text(json.dumps({"why": why, "used_bytes": used_bytes}))
        os.replace(whole, note)

    def _note(self, gpu: Gpu, state: State) -> str:
        """Why the card is in quarantine; empty when it is not, or is clean again. Its lock is held."""
        path = self._folder / f"{gpu.uuid}.quarantine"
        try:
            note = json.loads(path.read_text())
        except FileNotFoundError:
            return ""
        except ValueError:
            return f"{path} cannot be read: remove it"
        if not _clean(state, note["used_bytes"]):
            return str(note["why"])
        path.unlink(missing_ok=True)
        log.warning("the GPU %s is clean again and takes jobs", gpu.name)
        return ""


def library_problem(name: str) -> str:
    """Why a library of `LIBRARIES` cannot compute on a GPU here; empty when it can. Imports nothing."""
    if importlib.util.find_spec(name) is None:
        return f"{LIBRARIES[name]} is not installed: pip install -r {INSTALL[name]}"
    if name == "torch" and importlib.metadata.version("torch").endswith("+cpu"):
        return "PyTorch is installed without CUDA: remove it, and pip install -r requirements-models.txt"
    return ""


def _clean(state: State, used_bytes: int) -> bool:
    return not state.processes and state.used_bytes <= used_bytes + TOLERANCE


def _left_behind(state: State, used_bytes: int) -> str:
    if state.processes:
        return f"process {min(state.processes)} of the last job is still on it"
    return f"{(state.used_bytes - used_bytes) >> 20} MiB of the last job are still in use"


def kill_ours(pids: Iterable[int]) -> None:
    """End those processes that descend from this one: an orphan of a jail. A stranger's process is left alone."""
    for pid in pids:
        with contextlib.suppress(OSError):
            pidfd = os.pidfd_open(
                pid
            )  # before the look at its parents: the number may be another's by the time of kill
            try:
                if os.getpid() in _ancestors(pid):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            finally:
                os.close(pidfd)


def _ancestors(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        while pid > 1:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            found.append(pid)
    return found
