"""`make run` for real: every process of the site on a state folder and port of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.options import ROOT, free_port

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(240)]
DROPPED = (
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "BIND",
    "DJANGO_SETTINGS_MODULE",
    "EMAIL_URL",
    "DEBUG",
    "QUEUES",
)


# A user namespace of our own in which nobody may make another one: what a locked-down kernel is like.
NO_NAMESPACES = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")


class Site:
    """A started launcher; `seen` collects every process that was ever below it."""

    def __init__(self, state: Path, before: tuple[str, ...] = (), **settings: str) -> None:
        self.state, self.port = state, free_port()
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        settings = {
            "STATE_DIR": str(state),
            "PORT": str(self.port),
            "GRADING_WORKERS": "1",
            "WEB_WORKERS": "1",
        } | settings
        self.log = state.parent / f"launcher-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "deploy.run"],
                cwd=ROOT,
                env=kept | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.seen: dict[int, psutil.Process] = {}

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                pytest.fail(f"waited {seconds} s until {what}\n{self.output()}")
            time.sleep(0.05)

    def wait_ready(self) -> None:
        self.wait(lambda: "ready after" in self.output() or self.process.poll() is not None, "the site is ready")
        assert self.process.poll() is None, self.output()
        self.look()

    def look(self) -> list[psutil.Process]:
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.seen.update({process.pid: process for process in found})
        return found

    def part(self, words: str) -> psutil.Process:
        """The process nearest to the launcher whose command holds `words`. Raises ValueError when there is none."""
        found = []
        for process in self.look():
            try:
                if words in " ".join(process.cmdline()):
                    found.append((len(process.parents()), process.pid, process))
            except psutil.NoSuchProcess:  # it ended meanwhile
                continue
        return min(found)[2]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:  # nobody listens at the moment
            return 0, str(error)

    def assert_nothing_left(self) -> None:
        _gone, alive = psutil.wait_procs(list(self.seen.values()), timeout=15)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE], self.output()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))

    def end(self) -> None:
        """After a failed test: leave nothing behind."""
        if self.process.poll() is None:
            self.look()
            self.process.kill()
            self.process.wait()
        for process in self.seen.values():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    state = tmp_path / "state folder"  # a space, as in many people's home folders
    started = Site(state)
    yield started
    started.end()


def test_it_works(site: Site) -> None:
    site.wait_ready()
    assert site.get("/healthz") == (200, "ok\n")
    status, text = site.get("/readyz")
    assert (status, json.loads(text)) == (200, {"ready": True, "problems": {}})
    assert "rendu_grading_slots" in site.get("/metrics")[1]
    assert "alice@example.org" in site.output()

    # The broker is out of reach for everybody else, and so are the logs and the database.
    assert (site.state / "broker.sock").stat().st_mode & 0o777 == 0o600
    assert (site.state / "db.sqlite3").stat().st_mode & 0o777 == 0o600
    assert (site.state / "log").stat().st_mode & 0o777 == 0o700

    # A grader holds no Django, no database address and no secret.
    environment = site.part("workers.app").environ()
    assert not {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY", "PYTHONPATH"} & environment.keys()

    # Whatever part dies comes back.
    for words in ("valkey-server", "gunicorn", "workers.app"):
        victim = site.part(words)
        victim.kill()
        site.wait(lambda words=words, old=victim: _comes_back(site, words, old), f"{words} comes back")
    site.wait(lambda: site.get("/readyz")[0] == 200, "everything works again")

    # A second start on the same state folder says so and changes nothing.
    second = Site(site.state, PORT=str(free_port()))
    assert second.process.wait(60) == 2
    assert "already runs on the state folder" in second.output()

    site.look()
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(30) == 0
    assert not (site.state / "broker.sock").exists()
    site.assert_nothing_left()


def _comes_back(site: Site, words: str, old: psutil.Process) -> bool:
    try:
        return site.part(words) != old
    except ValueError:
        return False


def test_the_second_ctrl_c_ends_everything_at_once(site: Site) -> None:
    site.wait_ready()
    grader = site.part("workers.app")
    grader.suspend()  # it will not react to SIGTERM
    site.process.send_signal(signal.SIGINT)
    site.wait(lambda: "stopping" in site.output(), "it stops")
    time.sleep(1.0)  # a second signal within half a second counts as the same key press
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(10) == 130
    site.assert_nothing_left()


@pytest.mark.parametrize("victim", ["the top process", "the launcher below it"])
def test_a_killed_launcher_leaves_nothing(site: Site, victim: str) -> None:
    site.wait_ready()
    top = psutil.Process(site.process.pid)
    (launcher,) = top.children()
    site.part("gunicorn").suspend()  # not even what cannot react to SIGTERM
    (top if victim == "the top process" else launcher).kill()
    site.process.wait(30)
    site.assert_nothing_left()


def test_a_part_that_keeps_dying_stops_the_start(tmp_path: Path) -> None:
    site = Site(tmp_path / "state", LOG_LEVEL="WARNING", QUEUES="grade.cpu", TIME_ZONE="Nowhere/At_all")
    try:
        assert site.process.wait(90) == 1
        assert "TIME_ZONE='Nowhere/At_all'" in site.output()
        site.assert_nothing_left()
    finally:
        site.end()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site = Site(tmp_path / "state", PORT=str(port))
        assert site.process.wait(60) == 2
    assert f"Port {port} is in use by another program" in site.output()
    assert "make run PORT=" in site.output()
    assert len(site.output().splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="the test makes a namespace whose limit only its root may set")
def test_without_user_namespaces_the_site_starts_and_says_what_to_do(tmp_path: Path) -> None:
    site = Site(tmp_path / "state", before=NO_NAMESPACES)
    try:
        site.wait_ready()
        site.wait(lambda: "grading does not work on this machine yet" in site.output(), "it says so")
        assert "sysctl -w user.max_user_namespaces" in site.output()
        status, text = site.get("/readyz")
        assert status == 503
        assert "sysctl -w user.max_user_namespaces" in json.loads(text)["problems"]["graders"]
        assert site.get("/accounts/login/")[0] == 200
        site.process.send_signal(signal.SIGINT)
        site.wait(lambda: site.process.poll() is not None, "it ends", 30)
        site.assert_nothing_left()
    finally:
        site.end()
