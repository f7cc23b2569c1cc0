"""The inner jail, made in each forked child: nothing of the zygote or of another submission is within reach.

Order matters: namespaces and mounts while the capabilities are there, then Landlock, limits, and the filter last.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from dataclasses import dataclass

from workers.sandbox import kernel
from workers.sandbox.kernel import MS_NODEV, MS_NOEXEC, MS_NOSUID
from workers.sandbox.landlock import Ruleset
from workers.sandbox.outer import BOX, PROC
from workers.sandbox.seccomp import Filter

OPEN_FILES = 64
BOX_INODES = 4000


@dataclass(frozen=True)
class Caps:
    """Hard limits of a jail; `lower` brings them down to an exercise's own before its code is loaded."""

    box_bytes: int  # size of the writable folder
    threads: int  # RLIMIT_NPROC
    cpu_seconds: int  # RLIMIT_CPU: a second stop behind the supervisor's clock
    open_files: int = OPEN_FILES
    locked_bytes: int = 0  # RLIMIT_MEMLOCK


def join(group: int) -> None:
    """Move this process, which has one thread, into the memory group whose descriptor it was given, and close that.

    An older kernel refuses; the grader then moves it from outside.
    """
    with contextlib.suppress(OSError):
        os.write(group, b"0")
    os.close(group)


def seal(caps: Caps, paths: Ruleset, rules: Filter, namespaces: bool, proc: bool = False) -> None:
    """Jail this process and close all descriptors but 0 to 3. Raises OSError when a layer fails: exit then.

    proc: mount a /proc of the jail's own pid namespace, which the GPU profile needs.
    """
    os.setsid()  # else kill(0) would reach the zygote's process group, across pid namespaces
    if namespaces:
        kernel.unshare(kernel.NEWNS | kernel.NEWIPC)
        size = f"size={caps.box_bytes},nr_inodes={BOX_INODES},mode=1777"
        kernel.mount("tmpfs", BOX, "tmpfs", MS_NOSUID | MS_NODEV, size)
        if proc:
            _mount_proc()
        kernel.unshare(kernel.NEWUSER)  # owns none of the namespaces above, and has its own NPROC account
        os.chdir(BOX)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    paths.enforce(*((BOX,) if namespaces else ()), *((PROC,) if proc else ()))
    kernel.close_from(4)
    _limit(caps)
    rules.install()
    _prove(namespaces, proc)


def _mount_proc() -> None:
    """A /proc of this pid namespace. The kernel refuses it where the machine's own one is partly covered."""
    try:
        kernel.mount("proc", PROC, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError as error:
        advice = "a GPU solution needs a /proc of its own: start the container with `--security-opt systempaths="
        raise OSError(
            error.errno, f"{advice}unconfined`, or run the worker outside of one ({error.strerror})"
        ) from None


def _limit(caps: Caps) -> None:
    for kind, value in (
        (resource.RLIMIT_CPU, caps.cpu_seconds),
        (resource.RLIMIT_NPROC, caps.threads),
        (resource.RLIMIT_FSIZE, caps.box_bytes),
        (resource.RLIMIT_NOFILE, caps.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, caps.locked_bytes),
    ):
        hard = resource.getrlimit(kind)[1]  # nobody here may raise it
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _prove(namespaces: bool, proc: bool) -> None:
    """A jail that does not hold must never see code: try three forbidden things. Raises OSError when one works."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        pass
    else:
        raise OSError("a jailed process could open a network socket")
    try:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
    except OSError:
        pass
    else:
        raise OSError("a jailed process could read /etc/passwd")
    if namespaces and os.getpid() != 1:
        raise OSError("a jailed process shares a pid namespace")
    if proc and [name for name in os.listdir(PROC) if name.isdigit()] != ["1"]:
        raise OSError("a jailed process sees other processes in /proc")
