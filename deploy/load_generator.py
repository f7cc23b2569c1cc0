"""Simulated students over HTTP, lean enough to share a machine with the site: bare asyncio streams, kept alive.

python -m deploy.load_generator PORT SECONDS SESSIONS.json RESULT.json

Each student starts at a random moment of the first ten seconds and then saves an answer every ten seconds. Requests
go over a fixed number of connections, as a reverse proxy sends them. A request's time counts from the moment at which
it was due, waiting for a free connection included: a site that falls behind cannot hide it.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONNECTIONS = 64
EVERY = 10.0  # seconds between two saves of a student, and the span of the starts
TOKEN = "a" * 32  # of the CSRF cookie and header
PATIENCE = 30.0


@dataclass
class Result:
    starts: list[float] = field(default_factory=list)  # seconds
    saves: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    # attempt -> {"answers": {key: the newest acknowledged response (None: none), and those sent since then}, "saves":
    # acknowledged saves}. A request that was given up may have arrived all the same: any of these may be stored.
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fail(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1


class Connections:
    """A fixed number of connections, opened again when the site has closed them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.LifoQueue()
        for _connection in range(CONNECTIONS):
            self.free.put_nowait(None)

    async def request(self, session: str, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body. Raises OSError when the site does not answer."""
        head = (
            f"{method} /api/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Cookie: sessionid={session}; csrftoken={TOKEN}\r\nX-CSRFToken: {TOKEN}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        streams, kept = await self.free.get(), None
        try:
            if streams is not None:
                try:
                    answer = await self._send(streams, head + body)
                    kept = streams
                    return answer
                except (OSError, asyncio.IncompleteReadError):
                    streams[1].close()  # closed while it was idle; every request here may be repeated
            streams = await asyncio.open_connection("127.0.0.1", self.port)
            answer = await self._send(streams, head + body)
            kept = streams
            return answer
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the connection was closed") from error
        finally:
            # Given up in the middle (a timeout): the answer would come to the next request on this connection.
            if kept is None and streams is not None:
                streams[1].close()
            self.free.put_nowait(kept)

    async def _send(
        self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> tuple[int, bytes]:
        reader, writer = streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        return int(head.split(" ", 2)[1]), await reader.readexactly(length)


async def student(connections: Connections, session: str, result: Result, begin: float, end: float) -> None:
    due = begin + random.random() * EVERY
    await asyncio.sleep(due - time.monotonic())
    answer = await timed(connections, session, "POST", "courses/load/quizzes/exam/attempts", {}, due, result, 201)
    if answer is None:
        return
    attempt, sequence = answer["id"], answer["sequence"]
    keys = [question["key"] for question in answer["questions"]]
    told = result.acknowledged[attempt] = {"answers": {}, "saves": 0}
    due += random.random() * EVERY
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        key, response = random.choice(keys), random.choice("abcd")
        body = {"response": response, "sequence": sequence, "tab": session[:8], "seconds": 10}
        told["answers"].setdefault(key, [None]).append(response)
        saved = await timed(connections, session, "PUT", f"attempts/{attempt}/answers/{key}", body, due, result, 200)
        if saved is not None:
            sequence = saved["sequence"]
            told["answers"][key] = [response]
            told["saves"] += 1
        due = max(due + EVERY, time.monotonic())


async def timed(
    connections: Connections,
    session: str,
    method: str,
    path: str,
    body: dict[str, Any],
    due: float,
    result: Result,
    wanted: int,
) -> dict[str, Any] | None:
    """The answer's JSON; None, and a line in the errors, for anything but `wanted`."""
    try:
        async with asyncio.timeout(PATIENCE):
            status, text = await connections.request(session, method, path, json.dumps(body).encode())
    except TimeoutError:
        result.fail("timeout")
        return None
    except OSError as error:
        result.fail(type(error).__name__)
        return None
    if status != wanted:
        result.fail(f"HTTP {status}")
        return None
    (result.starts if method == "POST" else result.saves).append(time.monotonic() - due)
    return dict(json.loads(text))


async def run(port: int, seconds: float, sessions: list[str]) -> Result:
    result, connections = Result(), Connections(port)
    # The site has been up before an exam: its processes have loaded what their first request loads.
    await asyncio.gather(*(connections.request(key, "GET", "courses/load/quizzes", b"") for key in sessions[:32]))
    begin = time.monotonic() + 0.5
    await asyncio.gather(*(student(connections, key, result, begin, begin + seconds) for key in sessions))
    return result


def main(port: str, seconds: str, sessions: str, out: str) -> None:
    result = asyncio.run(run(int(port), float(seconds), json.loads(Path(sessions).read_text())))
    cpu = time.process_time()
    Path(out).write_text(json.dumps(vars(result) | {"cpu": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
