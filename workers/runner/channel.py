"""Frames over a stream socket: kind, question number, lengths, JSON, buffer. The jailed ends read and write them here.

The supervisor reads the same frames with deadlines; it needs the header only and never looks into a value it relays.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

from workers.runner.codec import MAX_BUFFER, MAX_JSON, Malformed

HEADER = struct.Struct("<BQII")  # kind, question, length of the JSON, length of the buffer
# supervisor -> jail
LOAD, CALL, RUN, ANSWER, BEGIN, GONE = 1, 2, 3, 4, 5, 6
# jail -> supervisor
REPLY, CALLBACK, RESULT, READY = 11, 12, 13, 14


def pack_header(kind: int, question: int, text: bytes, buffers: Sequence[Any]) -> bytes:
    return HEADER.pack(kind, question, len(text), sum(len(part) for part in buffers))


def unpack_header(raw: bytes | bytearray) -> tuple[int, int, int, int]:
    """(kind, question, JSON length, buffer length). Raises Malformed for lengths past the limits."""
    kind, question, text, buffer = HEADER.unpack(raw)
    if text > MAX_JSON or buffer > MAX_BUFFER + (1 << 20):
        raise Malformed("the frame is too large")
    return kind, question, text, buffer


class Channel:
    """The jailed end: blocking, one thread. The process ends when the supervisor hangs up."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)

    def send(self, kind: int, question: int, text: bytes, buffers: Sequence[Any] = ()) -> None:
        head = pack_header(kind, question, text, buffers) + text
        self._socket.sendall(head)
        for part in buffers:
            self._socket.sendall(part)

    def receive(self) -> tuple[int, int, bytearray, bytearray]:
        kind, question, text, buffer = unpack_header(self._read(HEADER.size))
        return kind, question, self._read(text), self._read(buffer)

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                os._exit(0)
            view = view[count:]
        return data
