"""Prompts wait in the database until every node that could read them has the models that they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from exercises import actions, queue
from exercises.models import Assignment, ExerciseVersion, Node, Run, RunState
from workers.jobs import Job

TOML = '\nkind = "prompt"\nlanguages = ["en", "fr"]\n[prompt]\nmodel = "chat"\nalso = ["base"]\n'


class Pipe:
    """Takes every job."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def publish(self, job: Job, name: str) -> None:
        self.jobs.append(job)


def node(name: str, *roles: str, queues: tuple[str, ...] = ("grade.llm", "grade.bulk")) -> Node:
    runtimes = ["numpy", *(f"model:{role}" for role in roles)]
    return Node.objects.create(
        name=name, queues=list(queues), slots=2, sandbox="FULL", runtimes=runtimes, seen_at=timezone.now()
    )


@pytest.fixture
def versus(assignment: Assignment) -> Assignment:
    """The assignment's exercise, as one that asks a chat model and a base model."""
    text = 'title = { en = "Addition", fr = "Addition" }' + TOML
    ExerciseVersion.objects.update(spec_text=text)
    assignment.refresh_from_db()
    return assignment


@pytest.fixture
def run(versus: Assignment, bob: Any) -> Run:
    found = actions.submit(versus, bob, "{input}").run
    assert found.queue == "grade.llm"
    return found


def test_it_works(run: Run) -> None:
    pipe = Pipe()
    node("both", "chat", "base")
    assert queue.expected_wait(run) is not None
    assert queue.dispatch_once(pipe) == 1  # type: ignore[arg-type]  # the pipe takes jobs as the broker does
    assert [job.run for job in pipe.jobs] == [str(run.pk)]


@pytest.mark.parametrize("nodes", [[("chat",)], [("chat", "base"), ("chat",)], [()], [("base",)]])
def test_a_run_waits_for_its_roles_at_no_attempts_cost(run: Run, nodes: list[tuple[str, ...]]) -> None:
    for index, roles in enumerate(nodes):
        node(f"node{index}", *roles)
    assert queue.dispatch_once(Pipe()) == 0  # type: ignore[arg-type]  # the pipe takes jobs as the broker does
    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.QUEUED, 0)
    assert queue.expected_wait(run) is None


def test_other_prompts_and_listings_pass_it_by(run: Run) -> None:
    node("chat", "chat")
    listing = Run.objects.create(purpose=Run.Purpose.LIST, version=run.version, queue="grade.llm", seed=0)
    pipe = Pipe()
    assert queue.dispatch_once(pipe) == 1  # type: ignore[arg-type]  # the pipe takes jobs as the broker does
    assert [job.run for job in pipe.jobs] == [str(listing.pk)]


def test_a_node_of_other_queues_need_not_have_the_model(run: Run) -> None:
    node("both", "chat", "base")
    node("code", queues=("grade.cpu",))
    assert queue.dispatch_once(Pipe()) == 1  # type: ignore[arg-type]  # the pipe takes jobs as the broker does


def test_what_no_node_can_do_does_not_hold_up_regrades(run: Run) -> None:
    node("chat", "chat")
    bulk = Run.objects.create(purpose=Run.Purpose.LIST, version=run.version, queue="grade.bulk", seed=0)
    pipe = Pipe()
    assert queue.dispatch_once(pipe) == 1  # type: ignore[arg-type]  # the pipe takes jobs as the broker does
    assert [job.run for job in pipe.jobs] == [str(bulk.pk)]
