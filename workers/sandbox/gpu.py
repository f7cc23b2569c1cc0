"""The GPU profile of the sandbox: what a CUDA process needs beyond an ordinary jail.

It is weaker, and `doctor` says so: the driver's ioctls are within reach of the student's code, `/proc` and a part of
`/sys` are there, and address space is not limited, since CUDA reserves far more of it than it uses. What replaces that
limit is a memory cgroup or, without one, `MemoryWatch`. docs/security.md lists the differences.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workers.sandbox.freeze import host_pid
from workers.sandbox.jail import Jail

# Without the last one the driver refuses to start (error 304).
SHARED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
PROC = "/proc"
# The driver finds its card by PCI address; toolkits outside of site-packages lie below /usr/local.
READ_ONLY = ("/sys/bus/pci", "/sys/devices", "/sys/module/nvidia", "/sys/module/nvidia_uvm")
TOOLKITS = ("/usr/local/nvidia", "/usr/local/cuda")
ENVIRONMENT: Mapping[str, str] = {
    # Compiled kernels: in the jail's own folder, so that no submission runs what another one has written.
    "CUPY_CACHE_DIR": "/box/cupy",
    "CUDA_CACHE_PATH": "/box/cuda",
    "TRITON_CACHE_DIR": "/box/triton",
    "TORCHINDUCTOR_CACHE_DIR": "/box/inductor",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
}
CAPS = {"box_bytes": 256 << 20, "threads": 256, "cpu_seconds": 7200, "open_files": 1024, "locked_bytes": 64 << 20}
HOST_SLACK = 1 << 30  # bytes of ordinary memory that a CUDA context takes for itself, given beside `memory_mb`
WATCH_SECONDS = 0.02


def nodes(minor: int) -> tuple[str, ...]:
    """The device nodes of one card: a jail sees no other."""
    return (f"/dev/nvidia{minor}", *SHARED_NODES)


def missing_nodes(minor: int, exists: Callable[[str], bool] = os.path.exists) -> tuple[str, ...]:
    return tuple(node for node in nodes(minor) if not exists(node))


def read_only_paths() -> list[str]:
    """Of `READ_ONLY` and the toolkits what this machine has, links followed: a link's target must be shown as well."""
    found: list[str] = []
    for path in (*READ_ONLY, *TOOLKITS):
        if os.path.isdir(path):
            found += dict.fromkeys((path, os.path.realpath(path)))
    return found


def touched(links: Sequence[str], drivers: Sequence[str]) -> list[str]:
    """Of a process's open files the driver's nodes: it keeps them open once it has been called."""
    return [link for link in links if link in drivers]


class MemoryWatch(threading.Thread):
    """Ends a jail whose own memory outgrows `limit` bytes: the stand-in for a memory cgroup. Ends with the jail.

    Counted are anonymous and shared pages; mapped libraries are the same files in every process. Between two looks a
    process can grow by as much as it can write in 20 ms.
    """

    def __init__(self, jail: Jail, limit: int) -> None:
        super().__init__(name="memory-watch", daemon=True)
        self._limit = limit
        self._pid = host_pid(jail)
        self._pidfd = os.dup(jail.pidfd)  # the jail closes its own when it is killed, and numbers are used again

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        try:
            while not poll.poll(WATCH_SECONDS * 1000):
                if own_memory(self._pid) > self._limit:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                    return
        finally:
            os.close(self._pidfd)


def own_memory(pid: int) -> int:
    """Bytes of anonymous and shared pages of a process; 0 when it has ended."""
    with contextlib.suppress(OSError):
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(int(row.split()[1]) << 10 for row in rows if row.startswith(("RssAnon:", "RssShmem:")))
    return 0
