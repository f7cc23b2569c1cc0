"""What `make run` reads from the environment; a bad value stops it with the setting's name."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
# A Unix socket's path is kept by the kernel in 108 bytes, the closing zero among them.
LONGEST_SOCKET_PATH = 107


class StartError(Exception):
    """The site cannot start; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Options:
    state: Path  # folder of everything that is written
    host: str  # address that the site listens on
    port: int
    debug: bool
    redis_url: str  # given by the operator; empty: the launcher starts a broker of its own
    hosts: tuple[str, ...]  # ALLOWED_HOSTS; empty: loopback names only
    web_workers: int  # site processes
    web_threads: int  # threads of each
    queues: str  # queues of the grading worker
    grading_workers: int  # grades at once

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{self.port}"


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise StartError(f"{name}={text!r}: a whole number from {low} to {high} is needed.")
    return int(text)


def _flag(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        raise StartError(f"{name}={text!r}: write 1 or 0.")
    return text in ("1", "true", "yes", "on") if text else default


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def read_options(environ: Mapping[str, str] | None = None) -> Options:
    """The options in the environment. Raises StartError."""
    environ = os.environ if environ is None else environ
    hosts = tuple(name.strip() for name in environ.get("ALLOWED_HOSTS", "").split(",") if name.strip())
    host = environ.get("BIND", "").strip() or ("0.0.0.0" if hosts else "127.0.0.1")
    debug = _flag(environ, "DEBUG", default=not hosts)
    if debug and not _is_loopback(host):
        raise StartError(f"DEBUG=1 shows sign-in codes, so it is refused on {host}: unset DEBUG, or BIND=127.0.0.1.")
    cores = len(os.sched_getaffinity(0))
    port = _number(environ, "PORT", 8000, 0, 65535)
    return Options(
        state=Path(environ.get("STATE_DIR", "").strip() or ROOT / "var").absolute(),
        host=host,
        port=port or free_port(host),
        debug=debug,
        redis_url=environ.get("REDIS_URL", "").strip(),
        hosts=hosts,
        web_workers=_number(environ, "WEB_WORKERS", min(cores, 4), 1, 64),
        web_threads=_number(environ, "WEB_THREADS", 8, 1, 256),
        queues=environ.get("QUEUES", "").strip() or "grade.cpu,grade.llm,grade.bulk",
        grading_workers=_number(environ, "GRADING_WORKERS", cores, 1, 256),
    )


def broker_socket(state: Path) -> Path:
    """Where the launcher's own broker listens: in the state folder unless its path is too long for a socket."""
    path = state / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    # mkdtemp makes the folder with mode 0700, so that nobody else can put a socket there first.
    return Path(tempfile.mkdtemp(prefix="rendu-")) / "broker.sock"


def broker_url(path: Path) -> str:
    return f"redis+socket://{quote(str(path))}"
