"""The queue `grade.gpu`: what waits for it, what leaves it, and what a student reads meanwhile."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from exercises import actions, queue, reports
from exercises.models import Assignment, ExerciseVersion, Node, Run, RunState
from exercises.presentation import waiting
from workers.jobs import SCHEMA, Job, NodeHello


class Pipe:
    """Takes jobs as the broker does."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Job]] = []

    def publish(self, job: Job, name: str) -> None:
        self.jobs.append((name, job))


@pytest.fixture
def pipe() -> Any:
    return Pipe()


def hello(name: str, *queues: str, devices: tuple[str, ...] = ("cpu",), sandbox: str = "FULL", slots: int = 1) -> None:
    """A node's greeting, as the recorder takes it from the broker."""
    assert reports.record_hello(NodeHello(SCHEMA, name, queues, slots, sandbox, devices, ("numpy",)).to_dict())


def gpu_node(name: str = "gpu") -> None:
    hello(name, "grade.gpu", devices=("cpu", "gpu:NVIDIA T4"))


def silence(name: str) -> None:
    Node.objects.filter(name=name).update(seen_at=timezone.now() - datetime.timedelta(minutes=5))


def run_on(assignment: Any, device: str) -> Assignment:
    """The assignment, read again, with an exercise for that device."""
    for version in ExerciseVersion.objects.filter(exercise=assignment.exercise):
        rows = [row for row in version.spec_text.splitlines() if not row.startswith("device")]
        version.spec_text = "\n".join([f'device = "{device}"', *rows])  # before the first table
        version.save(update_fields=["spec_text"])
    return Assignment.objects.get(pk=assignment.pk)


def page(client: Client, user: Any, url: str) -> str:
    client.force_login(user)
    return client.get(url).content.decode()


def test_it_works(assignment: Any, bob: Any, pipe: Any) -> None:
    """Without a GPU node the submission waits and nothing is lost; when one joins, it starts."""
    assignment = run_on(assignment, "gpu")
    hello("cpu", "grade.cpu", "grade.bulk", slots=4)
    run = actions.submit(assignment, bob, "a = 1").run
    assert run.queue == "grade.gpu"
    for _ in range(3):
        assert queue.dispatch_once(pipe) == 0
        queue.sweep_once()
    run.refresh_from_db()
    assert (run.state, run.queue, run.attempt) == (RunState.QUEUED, "grade.gpu", 0)
    assert waiting(run).for_gpu

    gpu_node()
    assert not waiting(run).for_gpu
    assert queue.dispatch_once(pipe) == 1
    ((name, job),) = pipe.jobs
    assert (name, job.run, job.source) == ("grade.gpu", str(run.pk), "a = 1")


def test_the_student_reads_what_is_waited_for(client: Client, assignment: Any, alice: Any, bob: Any) -> None:
    assignment = run_on(assignment, "gpu")
    hello("cpu", "grade.cpu")
    before = page(client, bob, "/c/course/e/addition/")
    assert "no GPU node is there now" in before
    assert "Grading is paused" not in before
    submission = actions.submit(assignment, bob, "a = 1")
    url = f"/s/{submission.pk}/"
    html = page(client, bob, url)
    assert "Waiting for a GPU node" in html
    assert "nothing is lost" in html
    assert "grade.gpu" not in html  # an operator's word
    assert "grade.gpu" in page(client, alice, url)
    gpu_node()
    assert "GPU node" not in page(client, bob, url)


def test_either_device_prefers_a_gpu_node(assignment: Any, bob: Any, pipe: Any) -> None:
    assignment = run_on(assignment, "any")
    hello("cpu", "grade.cpu")
    assert ExerciseVersion.objects.get(pk=assignment.version.pk).queue == "grade.cpu"
    gpu_node()
    run = actions.submit(assignment, bob, "a = 1").run
    assert run.queue == "grade.gpu"
    assert queue.dispatch_once(pipe) == 1
    assert pipe.jobs[0][0] == "grade.gpu"


@pytest.mark.parametrize("gone", ["silent", "withdrawn", "no sandbox"])
def test_either_device_does_not_wait_for_a_gpu_node_that_has_gone(
    assignment: Any, bob: Any, pipe: Any, gone: str
) -> None:
    assignment = run_on(assignment, "any")
    gpu_node()
    hello("cpu", "grade.cpu")
    run = actions.submit(assignment, bob, "a = 1").run
    if gone == "silent":
        silence("gpu")
    else:  # its card is in quarantine, or its sandbox is gone
        hello("gpu", *(["grade.gpu"] if gone == "no sandbox" else []), sandbox="NONE: x" if "no" in gone else "FULL")
    queue.sweep_once()
    assert queue.dispatch_once(pipe) == 1
    assert pipe.jobs[0][0] == "grade.cpu"
    run.refresh_from_db()
    assert (run.queue, run.state) == ("grade.cpu", RunState.SENT)


def test_what_needs_a_gpu_stays(assignment: Any, bob: Any) -> None:
    assignment = run_on(assignment, "gpu")
    gpu_node()
    run = actions.submit(assignment, bob, "a = 1").run
    silence("gpu")
    assert queue.leave_gpu_queue() == 0
    run.refresh_from_db()
    assert run.queue == "grade.gpu"


def test_what_a_node_already_has_stays_there(assignment: Any, bob: Any, pipe: Any) -> None:
    assignment = run_on(assignment, "any")
    gpu_node()
    run = actions.submit(assignment, bob, "a = 1").run
    assert queue.dispatch_once(pipe) == 1
    silence("gpu")
    assert queue.leave_gpu_queue() == 0
    # Its lease ends: then it is free for any node.
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    queue.sweep_once()
    run.refresh_from_db()
    assert (run.queue, run.state, run.attempt) == ("grade.cpu", RunState.QUEUED, 0)


def test_metrics_count_devices(client: Client, db: None) -> None:
    gpu_node("one")
    gpu_node("two")
    hello("three", "grade.cpu", devices=("cpu", "quarantined:NVIDIA L4: 3072 MiB of the last job are still in use"))
    silence("two")
    text = client.get("/metrics").content.decode()
    assert 'rendu_devices{kind="gpu",name="NVIDIA T4"} 1.0' in text
    assert 'rendu_devices{kind="quarantined",name="NVIDIA L4"} 1.0' in text
    assert 'rendu_devices{kind="cpu",name=""} 2.0' in text
