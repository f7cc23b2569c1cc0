"""The supervisor's side of a zygote: start it, take jails from it, keep spares ready."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import sysconfig
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sandbox import gpu
from workers.sandbox.errors import RuntimeMissing, SandboxUnavailable, ZygoteLost
from workers.sandbox.jail import Jail
from workers.sandbox.memory import MemoryGroups

ROOT = Path(__file__).resolve().parents[2]  # the checkout
APP = "/app"
PACKAGES = ("runner", "judge", "testkit", "testkit/compare", "jobs")  # all of the project that a jail may hold
SOCKET_BYTES = 4 << 20
START_SECONDS = 60.0
SPAWN_SECONDS = 20.0
MAX_MESSAGE = 1 << 16
CAPS = {
    "runner": {"box_bytes": 32 << 20, "threads": 256, "cpu_seconds": 7200},
    "judge": {"box_bytes": 96 << 20, "threads": 256, "cpu_seconds": 7200},
}
FIRST_UID, UIDS = 62000, 1000


@dataclass(frozen=True)
class ExitInfo:
    """How a jail ended."""

    code: int  # negative: the signal
    cpu_seconds: float
    rss_kib: int


@dataclass(frozen=True)
class Setup:
    """What a zygote is asked to be."""

    modules: tuple[str, ...]  # imported once, before any fork
    judges: bool  # also able to run tests.py
    namespaces: bool = True  # False: the REDUCED level
    judge_folder: str = ""  # REDUCED only: where the supervisor puts the exercise
    threads: int = 1  # of OpenBLAS, OpenMP and MKL
    drivers: tuple[str, ...] | None = None  # device nodes of the GPU profile; None: the ordinary, stronger one

    def config(self) -> dict[str, Any]:
        programs = {"runner": "workers.runner.program"}
        if self.judges:
            programs["judge"] = "workers.judge.program"
        libraries = library_paths()
        on_gpu = self.drivers is not None
        app = APP if self.namespaces else str(ROOT)
        return {
            "modules": list(self.modules),
            "programs": programs,
            "namespaces": self.namespaces,
            "app": app,
            "checkout": str(ROOT),
            "code": code_files(),
            "path": [app, *libraries],
            "read_only": [*libraries, *_system_paths(self.namespaces), *(gpu.read_only_paths() if on_gpu else ())],
            "gpu": on_gpu,
            "drivers": list(self.drivers or ()),
            "hidden": _hidden_paths(libraries),
            "judge_folders": [self.judge_folder] if self.judge_folder else [],
            "environment": _environment(self.threads) | (dict(gpu.ENVIRONMENT) if on_gpu else {}),
            "uid": FIRST_UID + os.getpid() % UIDS,  # one per grader: two of them cannot signal each other's jails
            "caps": CAPS | ({"runner": gpu.CAPS} if on_gpu else {}),
            "limit_memory": not on_gpu,
        }


def library_paths() -> list[str]:
    """The standard library and site-packages: the only folders of this machine that jailed Python imports from."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [sysconfig.get_path(name) for name in names]
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    paths += [sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")]
    paths += [path for path in sys.path if path.endswith(("lib-dynload", "site-packages", "dist-packages"))]
    return list(dict.fromkeys(str(Path(path)) for path in paths if path and os.path.isdir(path)))


def _system_paths(namespaces: bool) -> list[str]:
    base = os.path.join(sys.base_prefix, "lib")
    shared = [os.path.join(base, name) for name in os.listdir(base) if ".so" in name] if os.path.isdir(base) else []
    if namespaces:
        return shared
    from workers.sandbox.outer import SYSTEM_PATHS

    return [*shared, *(path for path in SYSTEM_PATHS if os.path.exists(path))]


def _hidden_paths(libraries: Sequence[str]) -> list[str]:
    """Folders with hidden tests that a library folder would show: the checkout, when it lies inside one."""
    if str(ROOT) in libraries:
        return [str(ROOT / name) for name in ("exercises", "quizzes", "tests")]
    return [str(ROOT)]


def code_files() -> list[tuple[str, str]]:
    """(path below /app, path here) of the modules that jails import, with their compiled copies."""
    folders = [ROOT / "workers" / name for name in PACKAGES]
    files = [ROOT / "workers" / "__init__.py", *(file for folder in folders for file in folder.glob("*.py"))]
    tag = sys.implementation.cache_tag
    compiled = [file.parent / "__pycache__" / f"{file.stem}.{tag}.pyc" for file in files]
    files += [file for file in compiled if file.is_file()]
    return [(str(file.relative_to(ROOT)), str(file)) for file in files]


def _environment(threads: int) -> dict[str, str]:
    number = str(threads)
    return {
        "PATH": "/usr/bin",
        "HOME": "/box",
        "TMPDIR": "/box",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": "/box",
        # Freed arrays stay in the heap: to unmap and map them anew costs a page fault for every 4 KiB.
        "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_ARENA_MAX": "2",  # else each thread reserves 64 MiB of the address space that the limit counts
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), number),
    }


class Zygote:
    """A running zygote. `start` returns at once; `wait_ready` raises what went wrong."""

    def __init__(self, setup: Setup, groups: MemoryGroups | None = None) -> None:
        self.setup = setup
        self._groups = groups  # for its runners
        self.ready = False
        self.used = time.monotonic()
        self._number = 0
        self._known: dict[int, Jail] = {}  # asked for, not yet answered
        self._exits: dict[int, ExitInfo] = {}
        self._failed: dict[int, str] = {}
        self._spares: dict[str, deque[Jail]] = {"runner": deque(), "judge": deque()}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        self._control = ours
        config = setup.config()
        script = str(Path(__file__).with_name("zygote.py"))
        with theirs:
            command = [sys.executable, "-I", "-S", "-B", script, str(theirs.fileno())]
            try:
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    env=config["environment"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                )
            except OSError as error:
                ours.close()
                raise SandboxUnavailable(
                    f"the sandbox cannot start, since this user cannot run {sys.executable} ({error.strerror}): use a "
                    "Python installation that the worker's user can read"
                ) from None
        with contextlib.suppress(OSError):  # ended already: `wait_ready` finds out and says so
            self._control.send(json.dumps(config).encode())

    # ---- start and end ------------------------------------------------------------------------------------------

    def wait_ready(self) -> None:
        """Wait until it can make jails. Raises SandboxUnavailable or RuntimeMissing."""
        if self.ready:
            return
        self._control.settimeout(START_SECONDS)
        try:
            raw = self._control.recv(MAX_MESSAGE)
        except TimeoutError:
            raise SandboxUnavailable("the sandbox did not start within a minute: the machine is overloaded") from None
        except OSError as error:
            raise SandboxUnavailable(f"the sandbox did not start: {error}") from None
        message: dict[str, Any] = json.loads(raw) if raw else {"kind": "jail", "fault": "its process ended", "errno": 0}
        if "ready" not in message:
            self.close()
            self._raise_fault(message)
        self.ready = True
        self.vm_bytes: int = message["vm"]

    def _raise_fault(self, message: dict[str, Any]) -> None:
        if message["kind"] == "jail":
            from workers.sandbox.level import advice

            raise SandboxUnavailable(advice(str(message["fault"])))
        if message["kind"] == "unreadable":
            raise SandboxUnavailable(
                f"the sandbox cannot start, since the unused user of its jails cannot read this Python installation "
                f"({message['fault']}): use one that every user can read, or run the worker as an ordinary user"
            )
        if message.get("missing"):
            name = message["missing"]
            raise RuntimeMissing(f"the module {name!r} is not installed on this node: install it or use another node")
        raise RuntimeMissing(
            f"the runtime {', '.join(self.setup.modules) or 'python'} does not start: {message['fault']}"
        )

    def close(self) -> None:
        """End the zygote and every jail of it. May be called again."""
        for spares in self._spares.values():
            while spares:
                spares.pop().kill()
        for jail in list(self._known.values()):
            jail.kill()
        self._known.clear()
        self._control.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    # ---- jails --------------------------------------------------------------------------------------------------

    def refill(self, role: str, count: int) -> None:
        """Ask for spares until `count` are ready or on their way. Does not wait."""
        while len(self._spares[role]) < count:
            self._spares[role].append(self._request(role))

    def take(self, role: str) -> Jail:
        """A fresh jail: a spare when there is one. Raises ZygoteLost."""
        self.wait_ready()
        self.used = time.monotonic()
        spares = self._spares[role]
        jail = spares.popleft() if spares else self._request(role)
        deadline = time.monotonic() + SPAWN_SECONDS
        while jail.pidfd < 0:
            if jail.number in self._failed:
                jail.kill()
                raise ZygoteLost(f"the machine cannot start another process: {self._failed.pop(jail.number)}")
            self._read(deadline)
        return jail

    def _request(self, role: str) -> Jail:
        self._number += 1
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        jail = Jail(self, self._number, ours, reading)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        fds = [theirs.fileno(), writing]
        if self._groups is not None and role == "runner":
            with contextlib.suppress(OSError):  # without its group no code will be run in it: see Pool.confine
                jail.group = self._groups.lend()
                fds.append(jail.group.open())
        try:
            self._control.setblocking(True)
            message = json.dumps({"id": self._number, "role": role}).encode()
            socket.send_fds(self._control, [message], fds)
        except OSError as error:
            jail.kill()
            raise ZygoteLost(f"the sandbox's zygote has ended: {error}") from None
        finally:
            theirs.close()
            for fd in fds[1:]:
                os.close(fd)
        self._known[jail.number] = jail
        return jail

    def exit_info(self, jail: Jail, seconds: float = 5.0) -> ExitInfo | None:
        """How a killed or ended jail ended; None when the zygote does not say in time."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ZygoteLost):
            while jail.number not in self._exits:
                self._read(deadline)
        return self._exits.pop(jail.number, None)

    def poll(self) -> None:
        """Take the messages that are there already."""
        with contextlib.suppress(ZygoteLost):
            while select.select([self._control], [], [], 0)[0]:
                self._read(time.monotonic() + 1)
        if len(self._exits) > 100:  # nobody asked for these
            self._exits.clear()

    def _read(self, deadline: float) -> None:
        self._control.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            raw, fds, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
        except OSError as error:
            raise ZygoteLost(f"the sandbox's zygote does not answer: {error}") from None
        if not raw:
            raise ZygoteLost("the sandbox's zygote has ended")
        message = json.loads(raw)
        number = message["id"]
        if "exit" in message:
            self._exits[number] = ExitInfo(message["exit"], message["cpu"], message["rss"])
            return
        jail = self._known.pop(number, None)
        if "failed" in message:
            self._failed[number] = message["failed"]
        elif jail is None or jail.killed:
            for fd in fds:
                os.close(fd)
        else:
            jail.pid, jail.pidfd = message["pid"], fds[0]
