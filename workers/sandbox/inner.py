"""The inner jail, made in each forked child: nothing of the zygote or of another submission is within reach.

Order matters: namespaces and mounts while the capabilities are there, then limits, Landlock, and the filter last.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from workers.sandbox import kernel
from workers.sandbox.kernel import MS_NODEV, MS_NOSUID
from workers.sandbox.landlock import Ruleset
from workers.sandbox.outer import BOX, DEVICES
from workers.sandbox.seccomp import Filter

OPEN_FILES = 64
BOX_INODES = 4000


@dataclass(frozen=True)
class Caps:
    """Hard limits of a jail; `lower` brings them down to an exercise's own before its code is loaded."""

    box_bytes: int  # size of the writable folder
    threads: int  # RLIMIT_NPROC
    cpu_seconds: int  # RLIMIT_CPU: a second stop behind the supervisor's clock


def seal(caps: Caps, readable: Sequence[str], rules: Filter, namespaces: bool) -> None:
    """Jail this process. Raises OSError when a layer fails: the caller must exit then."""
    os.setsid()  # else kill(0) would reach the zygote's process group, across pid namespaces
    writable = [*DEVICES]
    if namespaces:
        kernel.unshare(kernel.NEWNS | kernel.NEWIPC)
        size = f"size={caps.box_bytes},nr_inodes={BOX_INODES},mode=1777"
        kernel.mount("tmpfs", BOX, "tmpfs", MS_NOSUID | MS_NODEV, size)
        kernel.unshare(kernel.NEWUSER)  # owns none of the namespaces above, and has its own NPROC account
        os.chdir(BOX)
        writable.append(BOX)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    _limit(caps)
    Ruleset(readable, writable).enforce()
    rules.install()
    _prove(namespaces)


def _limit(caps: Caps) -> None:
    for kind, value in (
        (resource.RLIMIT_CPU, caps.cpu_seconds),
        (resource.RLIMIT_NPROC, caps.threads),
        (resource.RLIMIT_FSIZE, caps.box_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _prove(namespaces: bool) -> None:
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
