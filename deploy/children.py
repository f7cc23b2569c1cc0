"""One process that the launcher keeps: started in a group of its own, its lines read, ended with all it left."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.options import ROOT
from deploy.programs import Program

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
MAX_LOG_BYTES = 10 << 20
MAX_LINE_BYTES = 64 << 10
QUICK_DEATH_SECONDS = 10.0
MAX_QUICK_DEATHS = 5


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """In a new child: ask the kernel for a signal when the parent ends, in whatever way."""
    LIBC.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request
        os._exit(1)


class Child:
    """A program, its process of the moment, and how often it died lately."""

    def __init__(self, program: Program, log_folder: Path, say: Callable[[str, str], None]) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.quick_deaths = 0
        self.start_at = 0.0  # monotonic time of the next start, when it is down
        self._log = log_folder / f"{program.name}.log"
        self._say = say
        self._rest = b""

    def start(self) -> int:
        """Start the process; returns the descriptor of its output. Raises OSError."""
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        self.process = subprocess.Popen(
            self.program.command,
            env=dict(self.program.environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its own session: the terminal's Ctrl-C goes to the launcher alone, which stops the parts in order.
            start_new_session=True,
            umask=self.program.umask,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        self.started = time.monotonic()
        output = self.output()
        os.set_blocking(output, False)
        return output

    def output(self) -> int:
        assert self.process is not None and self.process.stdout is not None
        return self.process.stdout.fileno()

    def pump(self) -> bool:
        """Pass on what the process has written; False once its output has ended."""
        while True:
            try:
                data = os.read(self.output(), 1 << 16)
            except BlockingIOError:
                return True
            self._rest += data
            *lines, self._rest = self._rest.split(b"\n")
            if self._rest and (not data or len(self._rest) > MAX_LINE_BYTES):
                lines, self._rest = [*lines, self._rest], b""
            self._write(lines)
            if not data:
                return False

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        with open(os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            log.write(b"".join(line + b"\n" for line in lines))
        for line in () if self.program.quiet else filter(bytes.strip, lines):
            self._say(self.program.name, line.decode(errors="replace"))

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def signal(self, number: int) -> None:
        """Send `number` to the process alone while it runs: it knows how to stop its own children."""
        if self.running() and self.process is not None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End whatever is left of the process's group, itself included."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return

    def clear(self) -> None:
        """After its end: end its group, read the last lines, forget the process."""
        if self.process is None:
            return
        self.kill_group()
        self.process.wait()
        self.pump()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def note_death(self) -> bool:
        """Plan the restart, later with each quick death in a row; False when it is to be given up."""
        quick = time.monotonic() - self.started < QUICK_DEATH_SECONDS
        self.quick_deaths = self.quick_deaths + 1 if quick else 1
        self.start_at = time.monotonic() + min(5.0, 0.25 * 2 ** (self.quick_deaths - 1))
        return self.quick_deaths < MAX_QUICK_DEATHS
