"""The process above the launcher: ends everything below when the launcher is gone. See `launcher`."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from deploy.children import LIBC, die_with_parent

PR_SET_CHILD_SUBREAPER = 36
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def guard(work: Callable[[], int]) -> int:
    """Run `work` in a child; when it has ended, in whatever way, end all processes below. Returns its exit code."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getpid()
    # Blocked until the handlers are there: a Ctrl-C in between would end the warden and leave the launcher.
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_with_parent(parent)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    for number in PASSED_ON:
        signal.signal(number, lambda received, frame: _pass_on(child, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    code = _wait_for(child)
    end_descendants()
    return code


def _pass_on(child: int, number: int) -> None:
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return


def _wait_for(child: int) -> int:
    """Reap orphans until `child` ends; its exit code, 128 + n when signal n killed it."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def end_descendants() -> None:
    """SIGTERM, a second, then SIGKILL to every process below this one, until none is left."""
    deadline = time.monotonic() + 1.0
    for pid in descendants():
        _kill(pid, signal.SIGTERM)
    while _reap() and time.monotonic() < deadline:
        time.sleep(0.02)
    while _reap():
        for pid in descendants():
            _kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _reap() -> bool:
    """Collect ended children; False when there are none any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def descendants() -> list[int]:
    """Every living process below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(errors="replace")
            except OSError:
                continue  # it ended meanwhile
            # The command's name, in brackets, may hold spaces and brackets itself.
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [os.getpid()]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found
