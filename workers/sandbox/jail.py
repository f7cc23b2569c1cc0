"""One jail as the supervisor holds it: frames with deadlines, output with a cap, and the kill."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.sandbox.host import Zygote
    from workers.sandbox.memory import Group

CHUNK = 1 << 16
INBOX = 1 << 20
KEPT_INBOXES = 8
_inboxes: list[bytearray] = []  # of jails that have ended: fresh memory would cost a page fault for every 4 KiB


class JailEvent(Exception):
    """The jail did not answer as asked; what that means for a grade is the grader's affair."""


class TimedOut(JailEvent):
    """No complete frame before the deadline."""


class Ended(JailEvent):
    """The other end is closed: the process has ended, or closed its socket."""


class Flooded(JailEvent):
    """It printed more than its cap."""


class Frame:
    """A message as bytes, valid until the next one is received: the supervisor relays values without reading them."""

    __slots__ = ("buffer", "kind", "question", "text")

    def __init__(self, kind: int, question: int, text: Any, buffer: Any) -> None:
        self.kind = kind
        self.question = question
        self.text = text
        self.buffer = buffer


class Jail:
    """Made by `Zygote.take`. Not safe to share between threads."""

    def __init__(self, zygote: Zygote, number: int, link: socket.socket, output: int) -> None:
        self.zygote = zygote
        self.number = number
        self.pidfd = -1
        self.pid = 0
        self.output = bytearray()
        self.output_cap = 64 << 10
        self.killed = False
        self.group: Group | None = None  # that bounds its memory, where this machine has such
        self._link = link
        self._link_fd = link.fileno()
        self._out = output
        self._inbox = _inboxes.pop() if _inboxes else bytearray(INBOX)
        self._have = 0  # bytes received
        self._used = 0  # of them, those that the last frame took
        link.setblocking(False)
        os.set_blocking(output, False)
        self._poll = select.poll()
        self._poll.register(self._link_fd, select.POLLIN)
        self._poll.register(output, select.POLLIN)

    # ---- frames -------------------------------------------------------------------------------------------------

    def send(self, head: bytes, parts: Sequence[Any], deadline: float) -> None:
        """Write a frame. Raises TimedOut, Ended or Flooded."""
        pending = [memoryview(part) for part in (head, *parts) if len(part)]
        while pending:
            try:
                count = self._link.sendmsg(pending[:64])
            except BlockingIOError:
                self._wait(deadline, select.POLLOUT)
                continue
            except OSError:
                raise Ended from None
            while pending and count >= len(pending[0]):
                count -= len(pending.pop(0))
            if pending and count:
                pending[0] = pending[0][count:]

    def receive(self, deadline: float, unpack: Any, head_size: int) -> Frame:
        """Read one frame; `unpack` reads its header and may refuse it. Raises TimedOut, Ended or Flooded."""
        if self._used:
            rest = self._inbox[self._used : self._have]
            self._inbox[: len(rest)] = rest
            self._have, self._used = len(rest), 0
        self._fill(head_size, deadline)
        kind, question, text, buffer = unpack(self._inbox[:head_size])
        end = head_size + text + buffer
        self._fill(end, deadline)
        self._used = end
        view = memoryview(self._inbox)
        return Frame(kind, question, view[head_size : head_size + text], view[head_size + text : end])

    def _fill(self, size: int, deadline: float) -> None:
        if size > len(self._inbox):  # never resized in place: the last frame may still be looking at it
            larger = bytearray(size + CHUNK)
            larger[: self._have] = self._inbox[: self._have]
            self._inbox = larger
        while self._have < size:
            try:
                count = self._link.recv_into(memoryview(self._inbox)[self._have :])
            except BlockingIOError:
                self._wait(deadline, select.POLLIN)
                continue
            except OSError:
                raise Ended from None
            if not count:
                self.drain()
                raise Ended
            self._have += count

    def silent(self) -> bool:
        """Nothing was sent that nobody asked for: the attack is an answer sent ahead of its question."""
        if self._have > self._used:
            return False
        try:
            return not self._link.recv(1, socket.MSG_PEEK)  # end of file is found by the next question
        except BlockingIOError:
            return True
        except OSError:
            return True

    def _wait(self, deadline: float, event: int) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            self.drain()
            raise TimedOut
        self._poll.modify(self._link_fd, event)
        for fd, _ in self._poll.poll(left * 1000 + 1):
            if fd == self._out:
                self.drain()

    # ---- output -------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take what was printed so far. Raises Flooded past the cap; the text is cut there."""
        while self._out >= 0:
            try:
                chunk = os.read(self._out, CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._close_output()
                return
            self.output += chunk
            if len(self.output) > self.output_cap:
                del self.output[self.output_cap :]
                raise Flooded

    def _close_output(self) -> None:
        if self._out >= 0:
            self._poll.unregister(self._out)
            os.close(self._out)
            self._out = -1

    # ---- end ----------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """End everything in the jail at once. May be called again."""
        if self.killed:
            return
        self.killed = True
        with contextlib.suppress(Flooded):
            self.drain()
        if self.pidfd >= 0:
            # Pid 1 of its namespace: the kernel ends all of it. Gone already: nothing to do.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            os.close(self.pidfd)
            self.pidfd = -1
        if self.group is not None:
            self.group.release()
        self._close_output()
        self._link.close()
        if len(self._inbox) == INBOX and len(_inboxes) < KEPT_INBOXES:
            _inboxes.append(self._inbox)
            self._inbox = bytearray()
            self._have = self._used = 0
