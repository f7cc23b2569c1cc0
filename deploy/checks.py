"""Before anything starts: may this folder and this port be used? Each refusal is one sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import sys
from pathlib import Path

from deploy.options import Options, StartError, free_port

ROOM_MB = 300


def check_system() -> None:
    if sys.platform != "linux":
        raise StartError(
            f"Rendu runs on Linux only (this is {sys.platform}): the sandbox uses the kernel's namespaces."
        )


def check_state_folder(state: Path) -> None:
    """Make the folder when it is absent; it must be writable and on a disk with room."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        probe = state / f".probe-{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise StartError(
            f"The state folder {state} cannot be written ({error.strerror}): name another with STATE_DIR=…"
        ) from None
    free = shutil.disk_usage(state).free >> 20
    if free < ROOM_MB:
        raise StartError(
            f"Only {free} MB are free in {state} and {ROOM_MB} MB are needed: make room, or set STATE_DIR=…"
        )


def take_lock(options: Options) -> int:
    """Hold the state folder for this process; returns the lock's descriptor. The kernel frees it at any kind of end."""
    path = options.state / "run.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
        os.close(handle)
        raise StartError(
            f"Rendu already runs on the state folder {options.state} ({holder}): stop it first, or set STATE_DIR=…"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"process {os.getpid()}, {options.address}\n".encode(), 0)
    return handle


def check_port(host: str, port: int) -> None:
    """Raise StartError when the site could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: a connection that still closes down does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise StartError(_port_problem(host, port, error)) from None


def _port_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = free_port(host)
        return f"Port {port} is in use by another program: stop it, or choose a free one: `make run PORT={other}`."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} is for root only: choose one above 1023, such as `make run PORT=8000`."
    return f"The site cannot listen on {host} ({error.strerror}): set BIND to an address of this machine."
