"""The filter, executed here by a small interpreter: the same program for both machines."""

from __future__ import annotations

import struct

import pytest

from workers.sandbox import seccomp
from workers.sandbox.syscalls import AARCH64, ALLOWED, AUDIT_ARCH, TABLES, X86_64, allowed_numbers

# aarch64 has none of these: its C library uses the newer calls.
_OLD = """
open stat lstat poll access pipe select dup2 pause alarm getdents rename mkdir rmdir creat link unlink symlink readlink
chmod getpgrp arch_prctl time epoll_create epoll_wait utimes eventfd fork vfork
"""
OLD = set(_OLD.split())
_FORBIDDEN = """
execve execveat unshare setns socket ptrace bpf mount keyctl add_key io_uring_setup userfaultfd perf_event_open
process_vm_readv memfd_create shmget capset seccomp pivot_root mount_setattr pidfd_open pidfd_send_signal
landlock_create_ruleset fork vfork timer_create sched_setaffinity
"""
FORBIDDEN = _FORBIDDEN.split()
MACHINES = sorted(TABLES)


def decide(machine: str, number: int, args=(0, 0), arch: int | None = None) -> int:
    """What the kernel would answer for one call."""
    data = struct.pack(
        "<iIQ6Q", number, AUDIT_ARCH[machine] if arch is None else arch, 0, *args, *[0] * (6 - len(args))
    )
    program = seccomp.program(machine)
    at = accumulator = 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == seccomp.LOAD:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == seccomp.RETURN:
            return operand
        else:
            hit = {
                seccomp.JUMP_EQUAL: accumulator == operand,
                seccomp.JUMP_ABOVE: accumulator >= operand,
                seccomp.JUMP_BITS: bool(accumulator & operand),
            }[code]
            at += yes if hit else no


def test_it_works():
    assert decide("x86_64", X86_64["read"]) == seccomp.ALLOW
    assert decide("x86_64", X86_64["execve"]) == seccomp.EPERM


def test_both_tables_are_complete():
    assert set(X86_64) - set(AARCH64) == OLD
    assert set(AARCH64) <= set(X86_64)
    for table in TABLES.values():
        assert len(set(table.values())) == len(table)
    assert set(X86_64) >= ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
def test_it_allows_the_list_and_nothing_else(machine):
    allowed = set(allowed_numbers(machine))
    ruled = ("clone", "clone3", "fcntl", "getsockopt", "ioctl", "prctl", "setrlimit", "setsockopt")
    special = {TABLES[machine][name] for name in ruled}
    for number in set(range(600)) - special:
        assert decide(machine, number) == (seccomp.ALLOW if number in allowed else seccomp.EPERM), number


@pytest.mark.parametrize("machine", MACHINES)
def test_it_forbids_what_leads_out(machine):
    for name in FORBIDDEN:
        if name in TABLES[machine]:
            assert decide(machine, TABLES[machine][name]) == seccomp.EPERM, name


@pytest.mark.parametrize("machine", MACHINES)
def test_argument_rules(machine):
    table = TABLES[machine]
    thread = 0x3D0F00  # what pthread_create passes
    assert decide(machine, table["clone"], (thread, 0)) == seccomp.ALLOW
    assert decide(machine, table["clone"], (17, 0)) == seccomp.EPERM  # fork
    for namespace in (0x20000, 0x10000000, 0x20000000, 0x40000000, 0x80):
        assert decide(machine, table["clone"], (thread | namespace, 0)) == seccomp.EPERM
    assert decide(machine, table["clone3"]) == seccomp.ENOSYS
    assert decide(machine, table["ioctl"], (1, 0x541B)) == seccomp.ALLOW
    assert decide(machine, table["ioctl"], (1, 0x5412)) == seccomp.ENOTTY
    assert decide(machine, table["fcntl"], (3, 1030)) == seccomp.ALLOW
    for lock in (5, 6, 7, 36, 37, 38, 1024, 8):  # GETLK, SETLK, SETLKW, the same of open files, SETLEASE, SETOWN
        assert decide(machine, table["fcntl"], (3, lock)) == seccomp.EPERM
    assert decide(machine, table["getsockopt"], (3, 1, 4)) == seccomp.ALLOW
    assert decide(machine, table["getsockopt"], (3, 1, 77)) == seccomp.EPERM  # SO_PEERPIDFD
    assert decide(machine, table["setsockopt"], (3, 1, 2)) == seccomp.ALLOW
    for size in (7, 8, 32, 33):  # SO_SNDBUF, SO_RCVBUF, …FORCE
        assert decide(machine, table["setsockopt"], (3, 1, size)) == seccomp.EPERM
    assert decide(machine, table["prctl"], (15, 0)) == seccomp.ALLOW
    assert decide(machine, table["prctl"], (22, 2)) == seccomp.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_another_entry_into_the_kernel_kills(machine):
    for arch in {0x40000003, *AUDIT_ARCH.values()} - {AUDIT_ARCH[machine]}:
        assert decide(machine, 1, arch=arch) == seccomp.KILL
    assert decide(machine, 0x40000001) == seccomp.KILL  # x32
