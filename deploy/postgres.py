"""A PostgreSQL server of one test run: its own folder, no TCP port, nothing kept."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.children import die_with_parent

# Speed instead of safety: the data is thrown away.
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
START_SECONDS = 60.0
# SIGINT asks for a fast shutdown: open connections are closed, not waited for.
FAST_SHUTDOWN = 2


class PostgresError(Exception):
    """The server could not be made; the text says what it said."""


def find_programs() -> Path | None:
    """The folder that holds initdb and postgres, the newest version's; None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: root may not run it, so root lends it to `postgres`. None: oneself."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


@contextmanager
def throw_away_server() -> Iterator[str]:
    """A running server; yields the DATABASE_URL of a database in it. Raises PostgresError."""
    programs = find_programs()
    if programs is None:
        raise PostgresError("initdb was not found")
    try:
        user = _server_user()
    except KeyError:
        raise PostgresError("there is no user `postgres` to run the server as") from None
    # Short: a socket's path has at most 107 bytes, and the socket lies in this folder.
    folder = Path(tempfile.mkdtemp(prefix="rendu-pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        with _running(programs, folder, user):
            yield f"postgres://postgres@{quote(str(folder), safe='')}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> Iterator[None]:
    # Any: subprocess's overloads do not accept a dictionary's values by name.
    identity: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "server.log"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    made = subprocess.run([*initdb, "--locale=C.UTF-8"], cwd=folder, capture_output=True, text=True, **identity)
    if made.returncode:
        raise PostgresError(f"initdb: {made.stderr.strip() or made.stdout.strip()}")
    options = [f"-c{name}={value}" for name, value in UNSAFE.items()]
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-clisten_addresses=", *options]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Runs after the change of user, which would clear the request.
            preexec_fn=partial(die_with_parent, os.getpid(), FAST_SHUTDOWN),
            **identity,
        )
    try:
        _wait(programs, folder, server, log)
        yield
    finally:
        server.send_signal(FAST_SHUTDOWN)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(programs: Path, folder: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    ready = [str(programs / "pg_isready"), "-h", str(folder), "-q"]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(ready).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise PostgresError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
