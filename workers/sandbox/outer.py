"""The outer jail, once per zygote: a small read-only root, no network, one unprivileged uid, pid 1 of its namespace.

As root the mounts are made first and the uid is dropped after: RLIMIT_NPROC is void for kernel uid 0, also inside a
user namespace. An ordinary user (or the root of a rootless container) makes a user namespace first. A second user
namespace then locks the mounts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from workers.sandbox import kernel
from workers.sandbox.kernel import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT

APP = "/app"  # where the jail sees this project's few packages
BOX = "/box"  # the only writable folder, fresh in each inner jail
SYSTEM_PATHS = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/cpuinfo",  # without these two torch and OpenBLAS pick slow kernels
    "/sys/devices/system/cpu",
)
PROC = "/proc"
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


@dataclass(frozen=True)
class Tree:
    """What an outer jail shows."""

    read_only: tuple[str, ...]  # paths of this machine, shown at the same place
    hidden: tuple[str, ...]  # folders covered by an empty one where a read-only path would show them
    code: tuple[tuple[str, bytes, int], ...]  # (path below /app, content, mtime): this project's packages
    drivers: tuple[str, ...] = ()  # device nodes of the GPU profile
    proc: bool = False  # show /proc until each jail mounts its own over it: the kernel asks for one to be there


def full_root() -> bool:
    """Root with the right to take other uids; the root of a rootless container has none to take."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map") as file:
        return any(int(row.split()[2]) > 65536 for row in file)


def build_root(tree: Tree) -> None:
    """Replace this mount namespace's root by a tmpfs that holds `tree`. The old root is gone afterwards."""
    kernel.mount(None, "/", None, MS_REC | MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=8m,mode=755")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    kernel.syscall("pivot_root", b"/tmp", b"/tmp/old")
    os.chdir("/")
    _show((*tree.read_only, *tree.drivers, *((PROC,) if tree.proc else ())), tree.hidden)
    _write_code(tree.code)
    os.makedirs("/new" + BOX)
    os.makedirs("/new/dev", exist_ok=True)
    os.symlink(BOX, "/new/dev/shm")
    if not os.path.exists("/new/tmp"):  # a Python installation below /tmp is shown there instead
        os.symlink(BOX, "/new/tmp")
    kernel.mount("/new", "/new", None, MS_BIND | MS_REC)
    os.chdir("/new")
    kernel.syscall("pivot_root", b".", b".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.mount(None, "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _show(paths: Sequence[str], hidden: Sequence[str]) -> None:
    """Bind the paths below /new, outermost first, covering hidden folders as soon as something shows them."""
    covered: set[str] = set()
    for path in sorted({*paths, *SYSTEM_PATHS, *DEVICES}):
        source, target = "/old" + path, "/new" + path
        if os.path.islink(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if not os.path.lexists(target):
                os.symlink(os.readlink(source), target)
        elif os.path.exists(source) and not _shown(target, source):
            # /proc stays writable: under a read-only one the kernel lets a jail mount its own only read-only.
            kernel.bind(source, target, device=path.startswith("/dev/") or path == PROC)
        for folder in hidden:
            if folder not in covered and os.path.isdir("/new" + folder) and _inside(folder, path):
                kernel.mount("tmpfs", "/new" + folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
                covered.add(folder)


def _inside(folder: str, path: str) -> bool:
    return folder == path or folder.startswith(path.rstrip("/") + "/")


def _shown(target: str, source: str) -> bool:
    return os.path.exists(target) and os.path.samefile(target, source)


def _write_code(files: Sequence[tuple[str, bytes, int]]) -> None:
    for name, content, mtime in files:
        target = f"/new{APP}/{name}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        os.chmod(target, 0o644)
        os.utime(target, (mtime, mtime))  # or the compiled copies beside them would count as stale


def _map_ids(proc: int, uid: int, gid: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        fd = os.open("self/" + name, os.O_WRONLY, dir_fd=proc)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def enter(tree: Tree, uid: int) -> int:
    """Build the outer jail and return in a grandchild, pid 1 of it; the first process waits and exits with its status.

    Returns a descriptor of the old /proc, to read our own size once; the caller closes it before any fork.
    """
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.umask(0o022)
    if full_root():
        kernel.unshare(kernel.NEWNS)
        build_root(tree)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the id maps below belong to root
        user = group = uid
    else:
        user, group = os.getuid(), os.getgid()
        kernel.unshare(kernel.NEWUSER | kernel.NEWNS)
        _map_ids(proc, user, group)
        build_root(tree)
    spaces = kernel.NEWUSER | kernel.NEWNS | kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS
    kernel.unshare(spaces)
    _map_ids(proc, user, group)
    child = os.fork()
    if child:
        os.closerange(0, 3)
        kernel.close_from(3)  # the grader's socket: only pid 1 may hold it, or the grader's end would go unseen
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    kernel.mount("tmpfs", BOX, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=700")
    return proc
