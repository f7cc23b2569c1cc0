"""The node's model process, kept by whoever needed it first.

Theory of operation
    home/lock       held by the owner as long as it lives: the kernel lets go of it, however the owner ends
    home/socket     the owner listens; the model process inherits the listening end and answers

    The owner's thread waits until somebody knocks, starts the process, waits for its end, and begins anew. So the
    process is started on first need, comes back when it dies or was idle, and whoever knocks meanwhile only waits: the
    connection lies in the kernel's queue. When it dies at every start, the thread answers in its place, with the last
    lines of its log.

    The process gets SIGKILL from the kernel when the owner's thread ends in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from workers.models import wire
from workers.models.interface import ModelFault
from workers.models.settings import ROOT, SETTINGS, SIMILARITY, Settings

SOCKET, LOCK, LOG = "socket", "lock", "log"
MAX_LOG_BYTES = 1 << 20
QUICK_SECONDS = 10.0  # a process that lives shorter has died at its start
MAX_QUICK_DEATHS = 3
REST_SECONDS = 30.0  # before another series of starts
# A jail's author or student never sees this process, and still: it needs none of the node's secrets.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
KEPT_PREFIXES = (
    "MODEL_",
    "WITHOUT_MODELS",
    "STATE_DIR",
    "HF_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)


@contextlib.contextmanager
def address(home: Path) -> Iterator[str]:
    """A path to the socket that is short enough for the kernel (107 bytes), however long `home` is."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def take_ownership(settings: Settings) -> Owner | None:
    """Become the owner of the node's model process; None when another process is. Raises ModelFault."""
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ModelFault(f"{home}: {error.strerror}: MODEL_DIR names a folder that can be written") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return Owner(settings, lock)


class Owner:
    """Listens, and keeps the model process. Made by `take_ownership`; `close` ends both."""

    def __init__(self, settings: Settings, lock: int) -> None:
        self._settings = settings
        self._lock = lock
        self._pid = os.getpid()
        self._log = settings.home / LOG
        self._quick_deaths = 0
        self._stop_read, self._stop_write = os.pipe()
        self._listener = socket.socket(socket.AF_UNIX)
        path = settings.home / SOCKET
        path.unlink(missing_ok=True)  # of an owner that was killed: we hold the lock, so nobody listens there
        old = os.umask(0o177)
        try:
            with address(settings.home) as short:
                self._listener.bind(short)
        finally:
            os.umask(old)
        self._listener.listen(128)
        self.process_id = 0  # of the model process; 0 while there is none
        self._thread = threading.Thread(target=self._watch, name="models", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the model process and stop listening. In a forked child: only let go."""
        if os.getpid() == self._pid:
            os.write(self._stop_write, b"x")
            self._thread.join()
            (self._settings.home / SOCKET).unlink(missing_ok=True)
        self._listener.close()
        for fd in (self._stop_read, self._stop_write, self._lock):
            os.close(fd)

    # ---- the thread -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while self._wait(self._listener.fileno()):
            if self._quick_deaths >= MAX_QUICK_DEATHS and time.monotonic() < self._rest_until:
                self._refuse()
                continue
            began = time.monotonic()
            code = self._run()
            if code is None:
                return
            died_at_start = code != 0 and time.monotonic() - began < QUICK_SECONDS
            self._quick_deaths = self._quick_deaths + 1 if died_at_start else 0
            self._rest_until = time.monotonic() + REST_SECONDS

    _rest_until = 0.0

    def _wait(self, fd: int) -> bool:
        """Wait for something to read at `fd`; False when it is time to stop."""
        ready, _, _ = select.select([fd, self._stop_read], [], [])
        return self._stop_read not in ready

    def _run(self) -> int | None:
        """One life of the process. Returns its exit code; None when it was ended because this owner closes."""
        process = self._start()
        self.process_id = process.pid
        watch = os.pidfd_open(process.pid)
        try:
            goes_on = self._wait(watch)
        finally:
            os.close(watch)
            self.process_id = 0
            process.kill()
            code = process.wait()
        return code if goes_on else None

    def _start(self) -> subprocess.Popen[bytes]:
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.unlink()
        environment = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_PREFIXES)}
        # OpenMP's threads spin while they wait, which on a busy machine takes the cores from those they wait for.
        environment |= {SETTINGS[role]: source.setting for role, source in self._settings.sources.items()}
        environment |= {"MODEL_THREADS": str(self._settings.threads), SIMILARITY: self._settings.similarity}
        environment |= {"MODEL_DIR": str(self._settings.home), "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}
        fd = self._listener.fileno()
        words = (str(fd), str(os.getpid()), str(self._settings.idle_seconds))
        with open(os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "workers.models.serve", *words],
                pass_fds=[fd],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _refuse(self) -> None:
        """Answer who knocks that the process does not stay up."""
        link, _ = self._listener.accept()
        with link:
            fault = {"fault": f"the model process died at its start {self._quick_deaths} times: {self._last_words()}"}
            with contextlib.suppress(OSError, EOFError, wire.BadWord):
                wire.receive(link, time.monotonic() + 1)
                wire.send(link, fault)

    def _last_words(self) -> str:
        try:
            return self._log.read_text(errors="replace").strip()[-1000:]
        except OSError:
            return f"see {self._log}"
