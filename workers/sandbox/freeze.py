"""Stop a jail, let it go on, place it on a core, read its processor time: from outside, so nothing inside has a say.

A jail is one process with threads (the filter refuses new processes). SIGSTOP from the outer pid namespace stops them
all, also pid 1 of the jail's own, and cannot be caught or blocked. Only SIGCONT ends it: no other process can send it
in, and what could make the kernel send it, a POSIX timer, is refused by the filter. `frozen_seconds` proves it anyway.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable

from workers.sandbox.jail import Jail

STOP_SECONDS = 2.0  # a thread inside a long system call stops at its end
LOOKS = 20  # before the first pause: on a busy machine a pause of any length costs milliseconds
STOPPED = ("T", "t", "Z", "X")


def freeze(jail: Jail) -> None:
    """Stop all threads of the jail and wait until they have stopped. A jail that has ended stays ended."""
    _signal(jail, signal.SIGSTOP)
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(OSError):
        pid = host_pid(jail)
        looks = 0
        while not _stopped(pid) and time.monotonic() < deadline:
            looks += 1
            if looks > LOOKS:
                time.sleep(0.0001)


def thaw(jail: Jail) -> None:
    _signal(jail, signal.SIGCONT)


def _signal(jail: Jail, number: signal.Signals) -> None:
    if jail.pidfd >= 0:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(jail.pidfd, number)


def _stopped(pid: int) -> bool:
    """Whether every thread is stopped."""
    for name in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/task/{name}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] not in STOPPED:
                return False
    return True


def host_pid(jail: Jail) -> int:
    """Its process id here: `jail.pid` is the zygote's name for it. Raises ProcessLookupError when it has ended."""
    if jail.pidfd >= 0:
        with open(f"/proc/self/fdinfo/{jail.pidfd}") as file:
            for row in file:
                if row.startswith("Pid:") and int(row.split()[1]) > 0:
                    return int(row.split()[1])
    raise ProcessLookupError("the jail has ended")


def pin(jail: Jail, cores: Iterable[int]) -> None:
    """Let all its threads run on these cores only; threads that it starts later inherit that.

    It stays where it was when the kernel refuses, as in a container without CAP_SYS_NICE, or when it has ended. The
    filter refuses the jail's own requests of this kind.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{host_pid(jail)}/task"):
            os.sched_setaffinity(int(name), cores)


def helper_seconds(jail: Jail) -> float:
    """Processor time of all threads but the first, also of those that have ended. Raises OSError when it has ended.

    0 where the kernel keeps no schedstat.
    """
    pid = host_pid(jail)
    try:
        with open(f"/proc/{pid}/task/{pid}/schedstat") as file:
            first = int(file.read().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0
    return max(0.0, cpu_seconds(jail) - first)


def cpu_seconds(jail: Jail) -> float:
    """Processor time of all its threads since it was forked. Raises OSError when it has ended."""
    # The kernel's name for the scheduler's clock of a process: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
    return time.clock_gettime((~host_pid(jail) << 3) | 2)
