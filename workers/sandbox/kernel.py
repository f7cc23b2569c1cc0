"""The few Linux calls that Python does not wrap, by ctypes. Raises OSError with the name of the call that failed."""

from __future__ import annotations

import ctypes
import os
import struct

from workers.sandbox.syscalls import number

libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWUTS, NEWIPC, NEWUSER = 0x20000, 0x4000000, 0x8000000, 0x10000000
NEWPID, NEWNET = 0x20000000, 0x40000000
MS_NOEXEC = 8
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SIGKILL = 9
CAPABILITY_VERSION_3 = 0x20080522


def check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(name: str, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call by name. Integers are passed as machine words, bytes and buffers by address."""
    words = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return check(libc.syscall(ctypes.c_long(number(name)), *words), name)


def unshare(flags: int) -> None:
    check(libc.unshare(flags), f"unshare({flags:#x})")


def setns(fd: int, kind: int) -> None:
    check(libc.setns(fd, kind), "setns")


def prctl(option: int, value: int) -> None:
    words = [ctypes.c_ulong(word) for word in (option, value, 0, 0, 0)]
    check(libc.prctl(*words), f"prctl({option})")


def drop_capabilities() -> None:
    syscall("capset", struct.pack("Ii", CAPABILITY_VERSION_3, 0), struct.pack("6I", *[0] * 6))


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, kind)]
    tail = data.encode() if data is not None else None
    check(libc.mount(*encoded, ctypes.c_ulong(flags), tail), f"mount {target}")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    check(libc.umount2(target.encode(), flags), f"umount {target}")


def bind(source: str, target: str, device: bool = False) -> None:
    """Bind `source` over `target`, which is created; read-only for the whole subtree unless it is a device node."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "a"):
            pass
    mount(source, target, None, MS_BIND | MS_REC)
    if not device:  # mount_setattr (Linux 5.12): a plain remount would leave submounts writable
        attributes = struct.pack("QQQQ", MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
        syscall("mount_setattr", AT_FDCWD, target.encode(), AT_RECURSIVE, attributes, 32)


def pidfd_open(pid: int) -> int:
    return syscall("pidfd_open", pid, 0)


def close_from(first: int) -> None:
    """Close every file descriptor from `first` on, whatever the limit on their number is."""
    syscall("close_range", first, 0x7FFFFFFF, 0)
