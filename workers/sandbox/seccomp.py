"""The system call filter of jailed code: an allow-list, everything else answers EPERM."""

from __future__ import annotations

import ctypes
import struct

from workers.sandbox.kernel import syscall
from workers.sandbox.syscalls import AUDIT_ARCH, MACHINE, TABLES, allowed_numbers

LOAD, JUMP_EQUAL, JUMP_BITS, JUMP_ABOVE, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, ENOTTY = 0x50001, 0x50026, 0x50019
OFFSET_NR, OFFSET_ARCH, OFFSET_ARG0, OFFSET_ARG1, OFFSET_ARG2 = 0, 4, 16, 24, 32  # of struct seccomp_data
X32_BIT = 0x40000000
CLONE_NEW_ANY, CLONE_THREAD = 0x7E020080, 0x10000
FIONREAD, FIONBIO, FIOCLEX = 0x541B, 0x5421, 0x5451
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ: no locks, leases or owners.
FCNTL_REQUESTS = (0, 1, 2, 3, 4, 1030, 1031, 1032)
SO_PEERPIDFD = 77
PR_SET_NAME = 15
SET_MODE_FILTER = 1

Instruction = tuple[int, int, int, int]


def program(machine: str = MACHINE) -> list[Instruction]:
    """The filter as (code, jump if true, jump if false, operand). Raises KeyError for a machine without a table."""
    table = TABLES[machine]
    rows: list[Instruction] = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),  # a 32-bit entry has other numbers: the list below would mean other calls
        (LOAD, 0, 0, OFFSET_NR),
        (JUMP_ABOVE, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL),
    ]
    for number in allowed_numbers(machine):
        rows += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    # clone3 hides its flags behind a pointer, which a filter cannot read: glibc falls back to clone.
    rows += [(JUMP_EQUAL, 0, 1, table["clone3"]), (RETURN, 0, 0, ENOSYS)]
    rows += [  # clone: threads only, no new namespace
        (JUMP_EQUAL, 0, 5, table["clone"]),
        (LOAD, 0, 0, OFFSET_ARG0),
        (JUMP_BITS, 2, 0, CLONE_NEW_ANY),
        (JUMP_BITS, 0, 1, CLONE_THREAD),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, EPERM),
    ]
    # ioctl: three harmless requests; TIOCSTI and drivers stay closed.
    rows += _only(table["ioctl"], (FIONREAD, FIONBIO, FIOCLEX), ENOTTY)
    # fcntl: locks would be a wire between jails, since /usr and /dev are the same files in all of them.
    rows += _only(table["fcntl"], FCNTL_REQUESTS, EPERM)
    rows += [  # getsockopt: not the one that gives a handle of the process at the other end
        (JUMP_EQUAL, 0, 4, table["getsockopt"]),
        (LOAD, 0, 0, OFFSET_ARG2),
        (JUMP_EQUAL, 0, 1, SO_PEERPIDFD),
        (RETURN, 0, 0, EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    rows += [  # prctl: a thread may name itself
        (JUMP_EQUAL, 0, 4, table["prctl"]),
        (LOAD, 0, 0, OFFSET_ARG0),
        (JUMP_EQUAL, 0, 1, PR_SET_NAME),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, EPERM),
    ]
    rows += [(JUMP_EQUAL, 0, 1, table["setrlimit"]), (RETURN, 0, 0, ALLOW)]  # limits can only be lowered
    return [*rows, (RETURN, 0, 0, EPERM)]


def _only(call: int, requests: tuple[int, ...], otherwise: int) -> list[Instruction]:
    """Rows that allow `call` with one of these second arguments, and answer `otherwise` to the rest."""
    head: list[Instruction] = [(JUMP_EQUAL, 0, len(requests) + 3, call), (LOAD, 0, 0, OFFSET_ARG1)]
    tests: list[Instruction] = [(JUMP_EQUAL, len(requests) - i, 0, value) for i, value in enumerate(requests)]
    return [*head, *tests, (RETURN, 0, 0, otherwise), (RETURN, 0, 0, ALLOW)]


class Filter:
    """The filter in the form that the kernel reads, built once per zygote."""

    def __init__(self) -> None:
        rows = program()
        raw = b"".join(struct.pack("HBBI", *row) for row in rows)
        self._code = ctypes.create_string_buffer(raw, len(raw))  # kept alive: `_head` points to it
        self._head = struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(self._code))

    def install(self) -> None:
        """Bind this process and all its later threads. NO_NEW_PRIVS must be set. There is no way back."""
        syscall("seccomp", SET_MODE_FILTER, 0, self._head)
