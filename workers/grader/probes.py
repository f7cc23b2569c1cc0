"""Live checks of the sandbox: real attempts at real canaries, made by code in a real jail.

Nothing is concluded from settings or kernel versions: a row is OK when the attempt failed, LEAKS when it succeeded.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workers.devices import Gpu
from workers.grader.errors import StudentFault
from workers.grader.links import Budget, RunnerLink
from workers.grader.pool import Pool
from workers.jobs.spec import Limits
from workers.runner.codec import Decoder, Encoder, Malformed
from workers.sandbox import level
from workers.sandbox.host import ROOT
from workers.sandbox.jail import Frame
from workers.sandbox.syscalls import number

OK, LEAKS, UNTESTED = "OK", "LEAKS", "not testable"
WEAKER = "weaker"  # open in the GPU profile, as docs/security.md says
LIMITS = Limits(seconds=4.0, total_seconds=60.0, memory_mb=256, processes=32, output_kb=64)
ROOMY = Limits(seconds=4.0, total_seconds=10.0, memory_mb=1024, processes=32, output_kb=64)
QUICK = Limits(seconds=0.5, total_seconds=5.0, memory_mb=256, processes=32, output_kb=64)

HEAD = """
import ctypes, mmap, os, resource, signal, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
GRADER, CANARY, PORT, NAME, ROOT = {grader}, {canary!r}, {port}, {name!r}, {root!r}

def call(number, *words):
    ctypes.set_errno(0)
    result = libc.syscall(number, *[ctypes.c_long(word) for word in words])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def attempt(index):
    try:
        got = eval(ATTEMPTS[index])
    except BaseException as error:
        return ["stopped", f"{{type(error).__name__}}: {{error}}"[:100]]
    return ["got" if got else "stopped", repr(got)[:100]]

def sleeper():
    return threading.Thread(target=time.sleep, args=(9,), daemon=True)

def count(make, most):
    done = 0
    try:
        while done < most:
            make(done)
            done += 1
    except BaseException:
        pass
    return done

def reachable(fds):
    found = []
    for fd in fds:
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.append(fd)
    return found
"""

# What the jailed code tries; success is a leak. {call:NAME} becomes the call's number on this machine.
ATTEMPTS = {
    "read a world-readable file": "open(CANARY).read()",
    "read it by way of /proc/1/root": "open('/proc/1/root' + CANARY).read()",
    "read /etc/shadow": "open('/etc/shadow').read()",
    "list home folders": "[os.listdir(p) for p in ('/home', '/root', '/var')]",
    "read the exercises": "os.listdir(ROOT + '/exercises')",
    "read the grader's environment": "open(f'/proc/{GRADER}/environ').read()",
    "inherit the grader's environment": "[v for v in os.environ.values() if 'canary' in v]",
    "read the grader's memory": "open(f'/proc/{GRADER}/mem', 'rb')",
    "connect to a loopback port": "socket.create_connection(('127.0.0.1', PORT), 1)",
    "send a UDP packet": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))",
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect(NAME)",
    "connect a socket pair elsewhere": "socket.socketpair()[0].connect(NAME)",
    "fork": "os.fork()",
    "start a program": "os.posix_spawn('/usr/bin/id', ['id'], {})",
    "replace itself by a program": "os.execv('/usr/bin/id', ['id'])",
    # Signals that do no harm if they arrive: the kernel treats all alike, and the grader has to live to tell.
    "find the grader's process": "os.kill(GRADER, 0) or 'found'",
    "signal the grader": "os.kill(GRADER, signal.SIGCONT) or 'signalled'",
    "trace the grader": "call({call:ptrace}, 16, GRADER, 0, 0) or 'traced'",
    "copy the grader's memory": "call({call:process_vm_readv}, GRADER, 0, 0, 0, 0, 0) or 'read'",
    "open another process": "call({call:pidfd_open}, 2, 0)",
    "use inherited descriptors": "reachable(range(4, 4096))",
    "read kernel keys": "call({call:keyctl}, 0, -3, 0)",
    "set up io_uring": "call({call:io_uring_setup}, 8, 0)",
    "load a BPF program": "call({call:bpf}, 0, 0, 0) or 'loaded'",
    "use userfaultfd": "call({call:userfaultfd}, 0)",
    "count events (perf)": "call({call:perf_event_open}, 0, 0, -1, -1, 0)",
    "mount": "call({call:mount}, 0, 0, 0, 0, 0) or 'mounted'",
    "make a user namespace": "call({call:unshare}, 0x10000000) or 'made'",
    "make one by clone": "call({call:clone}, 0x10000011, 0, 0, 0, 0)",
    "enter a namespace": "call({call:setns}, 3, 0) or 'entered'",
    "make an anonymous executable": "call({call:memfd_create}, 0, 0)",
    "make shared memory": "call({call:shmget}, 29, 1 << 30, 0o600)",
    "become root": "os.setuid(0) or 'root'",
    "type into the terminal": "__import__('fcntl').ioctl(1, 0x5412, b'x') or 'typed'",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999)) or 'raised'",
    "set the clock": "time.clock_settime(time.CLOCK_REALTIME, 0) or 'set'",
    "write outside of its folder": "open('/usr/lib/x', 'w')",
    "allocate 2 GiB": "len(bytearray(2 << 30))",
    "map 2 GiB shared": "len(mmap.mmap(-1, 2 << 30))",
    "fill the disk (64 MiB)": "count(lambda i: open(f'f{i}', 'wb').write(bytes(8 << 20)), 9) == 9",
    "make 10,000 files": "count(lambda i: open(f'g{i}', 'w').close(), 10_000) == 10_000",
    "start 500 threads": "count(lambda i: sleeper().start(), 500) == 500",
}
# Statements that only the supervisor can end; it must, in time, and go on grading.
STATEMENTS = {
    "print without end": "while True: print('x' * 65536)",
    "loop for ever": "while True: pass",
    "sleep through the limit": "time.sleep(60)",
    "stop itself": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)",
    "kill its process group": "os.kill(0, signal.SIGKILL); time.sleep(60)",
    "kill every process": "os.kill(-1, signal.SIGKILL); time.sleep(60)",
    "crash": "ctypes.string_at(0)",
    "leave at once": "os._exit(0)",
}
GROWN = "outgrow its memory cgroup"
# What CUDA needs and an ordinary jail refuses.
GPU_WEAKER = ("make an anonymous executable", "map 2 GiB shared", "fill the disk (64 MiB)")
PATIENT = replace(LIMITS, seconds=30.0, total_seconds=300.0)  # to touch a gigabyte takes a busy machine its time


@dataclass(frozen=True)
class Row:
    """One check: what was tried, whether it was stopped, and how."""

    attempt: str
    result: str  # OK, LEAKS or UNTESTED
    detail: str


def check_sandbox(pool: Pool) -> list[Row]:
    """Run all checks in jails of `pool`. Takes a few seconds. Raises MachineFault when a jail cannot be made."""
    with canaries() as head:
        return [*_inside(pool, head), *_outside(pool, head), _grown(pool)]


def check_gpu_profile(pool: Pool, gpu: Gpu) -> list[Row]:
    """The same attempts in the profile of solutions that run on `gpu`. Raises MachineFault when it cannot be made."""
    pool.gpu = gpu
    try:
        with canaries() as head:
            rows = [*_inside(pool, head, PATIENT), *_outside(pool, head)]
    finally:
        pool.gpu = None
    return [replace(row, result=WEAKER) if row.attempt in GPU_WEAKER and row.result == LEAKS else row for row in rows]


def _grown(pool: Pool) -> Row:
    """More memory than the jail's cgroup allows, where its address space would still have room."""
    if pool.no_memory_groups:
        return Row(GROWN, UNTESTED, f"no memory cgroup: {pool.no_memory_groups}")
    runner = _runner(pool, "def act():\n    return len(b'x' * (200 << 20))\n", ROOMY, memory_mb=16)
    try:
        return Row(GROWN, LEAKS, f"answered {_call(runner, 'act')!r:.60}")
    except StudentFault as fault:
        return Row(GROWN, OK if fault.verdict == "memory" else LEAKS, fault.verdict)
    finally:
        runner.close()


@contextlib.contextmanager
def canaries() -> Iterator[str]:
    """A file, a listening port, an abstract socket and a variable to find; yields the source that names them."""
    with tempfile.TemporaryDirectory(prefix="rendu-doctor-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        canary = Path(folder) / "canary"
        canary.write_text("canary")
        name = f"\0rendu-doctor-{os.getpid()}"
        os.environ["RENDU_DOCTOR"] = "canary"
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(name)
            unix.listen()
            port = tcp.getsockname()[1]
            try:
                yield HEAD.format(grader=os.getpid(), canary=str(canary), port=port, name=name, root=str(ROOT))
            finally:
                del os.environ["RENDU_DOCTOR"]


def _numbered(text: str) -> str:
    while (start := text.find("{call:")) >= 0:
        end = text.index("}", start)
        text = text[:start] + str(number(text[start + 6 : end])) + text[end + 1 :]
    return text


def _runner(pool: Pool, source: str, limits: Limits, memory_mb: int = 0) -> RunnerLink:
    """`memory_mb`: of the cgroup, where it is to have less room than the limits say."""
    jail = pool.take(("numpy",), "runner")
    pool.confine(jail, memory_mb or limits.memory_mb)
    runner = RunnerLink(jail, Budget(limits), ())
    runner.start_loading(source, 1)
    runner.finish_loading()
    return runner


def _call(runner: RunnerLink, name: str, *args: object) -> object:
    text, buffers = Encoder().encode({"op": "call", "path": [name], "args": list(args), "kwargs": {}})

    def refuse(question: Frame) -> Frame:
        raise StudentFault("crashed", {"template": "a question that nobody expects", "values": {}})

    frame = runner.call(Frame(0, 0, text, b"".join(buffers)), refuse)
    answer = Decoder().decode(frame.text, frame.buffer)
    return answer["v"] if answer["ok"] else f"{answer['v'].get('type')}: {answer['v'].get('message')}"


def _inside(pool: Pool, head: str, limits: Limits = LIMITS) -> list[Row]:
    attempts = [_numbered(text) for text in ATTEMPTS.values()]
    source = f"{head}\nATTEMPTS = {attempts!r}\n"
    runner = _runner(pool, source, limits)
    rows = []
    try:
        for index, name in enumerate(ATTEMPTS):
            if runner.jail.killed:  # by the last attempt
                runner = _runner(pool, source, limits)
            runner._budget.start_test()
            rows.append(_inside_row(runner, index, name))
    finally:
        runner.close()
    return rows


def _inside_row(runner: RunnerLink, index: int, name: str) -> Row:
    try:
        answer = _call(runner, "attempt", index)
    except (StudentFault, Malformed) as error:
        stopped = isinstance(error, StudentFault) and error.verdict == "memory"
        return Row(name, OK if stopped else UNTESTED, f"the probe ended: {error}")
    if type(answer) is not list or len(answer) != 2:
        return Row(name, UNTESTED, str(answer)[:100])
    return Row(name, OK if answer[0] == "stopped" else LEAKS, str(answer[1]))


def _outside(pool: Pool, head: str) -> list[Row]:
    return [_outside_row(pool, head, name, statement) for name, statement in STATEMENTS.items()]


def _outside_row(pool: Pool, head: str, name: str, statement: str) -> Row:
    runner = _runner(pool, f"{head}\ndef act():\n    {statement}\ndef one():\n    return 1\n", QUICK)
    started = time.monotonic()
    try:
        answer = _call(runner, "act")
        stopped, detail = type(answer) is str, f"answered {answer!r:.60}"
    except StudentFault as fault:
        stopped, detail = True, f"{fault.verdict} after {time.monotonic() - started:.2f} s"
    finally:
        runner.close()
    return Row(name, OK if stopped else LEAKS, detail)


def sandbox_facts(pool: Pool) -> dict[str, str]:
    """Level and layers, as texts for people."""
    from workers.sandbox.landlock import abi

    facts = {"sandbox level": pool.level, "Landlock ABI": str(abi())}
    facts["memory cgroups"] = f"none: {pool.no_memory_groups}" if pool.no_memory_groups else "one for each solution"
    if pool.level == level.REDUCED:
        facts["not FULL because"] = pool.reduced_because
    return facts
