"""Messages between graders and the model process: a length, then JSON."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

LENGTH = struct.Struct("<I")
MAX_BYTES = 64 << 20


class BadWord(ValueError):
    """The other end does not speak this language."""


def send(link: socket.socket, value: dict[str, Any]) -> None:
    """Raises OSError."""
    data = json.dumps(value).encode()
    if len(data) > MAX_BYTES:
        raise BadWord(f"a message of {len(data)} bytes; {MAX_BYTES} at most")
    link.sendall(LENGTH.pack(len(data)) + data)


def receive(link: socket.socket, deadline: float) -> dict[str, Any]:
    """One message. Raises EOFError when the other end hangs up, TimeoutError, OSError, BadWord."""
    (size,) = LENGTH.unpack(_read(link, LENGTH.size, deadline))
    if size > MAX_BYTES:
        raise BadWord(f"a message of {size} bytes is announced")
    try:
        value = json.loads(_read(link, size, deadline))
    except ValueError as error:
        raise BadWord(f"a message is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadWord("a message is no object")
    return value


def _read(link: socket.socket, size: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        link.settimeout(max(0.001, deadline - time.monotonic()))
        part = link.recv(min(1 << 20, size - len(data)))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
