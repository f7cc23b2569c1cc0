"""The system call filter of jailed code: an allow-list, everything else answers EPERM."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence

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
BUFFER_SIZES = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and their forms for root: kernel memory that no limit counts
PR_SET_NAME = 15
AF_UNIX = 1
SET_MODE_FILTER = 1

Instruction = tuple[int, int, int, int]


def program(machine: str = MACHINE, gpu: bool = False) -> list[Instruction]:
    """The filter as (code, jump if true, jump if false, operand). Raises KeyError for a machine without a table.

    gpu: of the GPU profile, which speaks to a driver.
    """
    table = TABLES[machine]
    rows: list[Instruction] = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),  # a 32-bit entry has other numbers: the list below would mean other calls
        (LOAD, 0, 0, OFFSET_NR),
        (JUMP_ABOVE, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL),
    ]
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
    if gpu:
        rows += _local_sockets(table["socket"])
    else:
        rows += _only(table["ioctl"], (FIONREAD, FIONBIO, FIOCLEX), ENOTTY)
    # fcntl: locks would be a wire between jails, since /usr and /dev are the same files in all of them.
    rows += _only(table["fcntl"], FCNTL_REQUESTS, EPERM)
    # getsockopt: not the one that gives a handle of the process at the other end.
    rows += _all_but(table["getsockopt"], (SO_PEERPIDFD,))
    rows += _all_but(table["setsockopt"], BUFFER_SIZES)
    rows += [  # prctl: a thread may name itself
        (JUMP_EQUAL, 0, 4, table["prctl"]),
        (LOAD, 0, 0, OFFSET_ARG0),
        (JUMP_EQUAL, 0, 1, PR_SET_NAME),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, EPERM),
    ]
    rows += [(JUMP_EQUAL, 0, 1, table["setrlimit"]), (RETURN, 0, 0, ALLOW)]  # limits can only be lowered
    return [*rows, *_search(_steps(allowed_numbers(machine, gpu)))]


def _steps(allowed: Sequence[int]) -> list[tuple[int, int]]:
    """(from this number on, the answer) in ascending order, for a sorted list of allowed numbers."""
    steps = [(0, EPERM)]
    for number in allowed:
        if steps[-1][0] == number:
            steps.pop()
        if not steps or steps[-1][1] != ALLOW:
            steps.append((number, ALLOW))
        steps.append((number + 1, EPERM))
    return steps


def _search(steps: Sequence[tuple[int, int]]) -> list[Instruction]:
    """A binary search. The kernel runs a new filter once for each call number that there is: in a list of tests that
    took longer than all the rest of a jail's limits."""
    if len(steps) == 1:
        return [(RETURN, 0, 0, steps[0][1])]
    middle = len(steps) // 2
    below, above = _search(steps[:middle]), _search(steps[middle:])
    return [(JUMP_ABOVE, len(below), 0, steps[middle][0]), *below, *above]


def _only(call: int, requests: tuple[int, ...], otherwise: int) -> list[Instruction]:
    """Rows that allow `call` with one of these second arguments, and answer `otherwise` to the rest."""
    head: list[Instruction] = [(JUMP_EQUAL, 0, len(requests) + 3, call), (LOAD, 0, 0, OFFSET_ARG1)]
    tests: list[Instruction] = [(JUMP_EQUAL, len(requests) - i, 0, value) for i, value in enumerate(requests)]
    return [*head, *tests, (RETURN, 0, 0, otherwise), (RETURN, 0, 0, ALLOW)]


def _local_sockets(call: int) -> list[Instruction]:
    """Rows that allow a socket of the family AF_UNIX: the driver makes one, and nobody may connect or bind it."""
    head: list[Instruction] = [(JUMP_EQUAL, 0, 4, call), (LOAD, 0, 0, OFFSET_ARG0)]
    return [*head, (JUMP_EQUAL, 0, 1, AF_UNIX), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, EPERM)]


def _all_but(call: int, options: tuple[int, ...]) -> list[Instruction]:
    """Rows that allow `call` unless its third argument is one of `options`."""
    head: list[Instruction] = [(JUMP_EQUAL, 0, len(options) + 3, call), (LOAD, 0, 0, OFFSET_ARG2)]
    tests: list[Instruction] = [(JUMP_EQUAL, len(options) - i, 0, value) for i, value in enumerate(options)]
    return [*head, *tests, (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, EPERM)]


class Filter:
    """The filter in the form that the kernel reads, built once per zygote."""

    def __init__(self, gpu: bool = False) -> None:
        rows = program(gpu=gpu)
        raw = b"".join(struct.pack("HBBI", *row) for row in rows)
        self._code = ctypes.create_string_buffer(raw, len(raw))  # kept alive: `_head` points to it
        self._head = struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(self._code))

    def install(self) -> None:
        """Bind this process and all its later threads. NO_NEW_PRIVS must be set. There is no way back."""
        syscall("seccomp", SET_MODE_FILTER, 0, self._head)
