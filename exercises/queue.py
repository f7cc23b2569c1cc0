"""The dispatcher and the sweeper: the only readers of the queue.

Theory of operation
    The queue is the table of runs; the broker is a short pipe. The dispatcher keeps at most twice as many jobs in it
    as nodes have slots, so that order and fairness are decided here, in SQL, at the last moment.

        queued --claim--> sent --beat--> running --report--> graded
           ^                |               |
           +---- sweeper: lease over -------+        after three attempts: judge_failed

    A claim is one conditional update (state is still `queued`), made before the job is published. A crash between the
    two leaves a run that is `sent` and in no pipe: its lease ends and the sweeper brings it back, at no attempt's cost.
    A second dispatcher is harmless: of two claims of one run, one changes no row. Wiping the broker loses the
    pipe only: leases end.

    Graders take a job off the broker before they run it (early acknowledgement) and never retry: a job that kills its
    node would come back for ever. The count of attempts in this table is the only retry there is.

    Two kinds of run wait behind live work: regrades, and the checks of exercises that their authors start. A check
    takes minutes, and an author waits for it: it goes before regrades, and half of the slots stay free of checks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import redis
from celery import current_app
from django.conf import settings
from django.db import close_old_connections
from django.db.models import (
    Avg,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Now, RowNumber
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from exercises import metrics, tokens
from exercises.models import Bundle, ExerciseVersion, Node, Run, RunState
from exercises.reports import fail_attempt
from workers.jobs import SCHEMA, Job

log = logging.getLogger(__name__)

MODEL_QUEUE = "grade.llm"
LIVE_QUEUES = ("grade.cpu", "grade.gpu", MODEL_QUEUE)
QUEUES = (*LIVE_QUEUES, "grade.bulk")
BUNDLE_SECONDS = 24 * 3600
POLL_SECONDS = 0.05
BROKER_ERRORS = (redis.RedisError, OperationalError, OSError)


# ---- Choice ----------------------------------------------------------------------------------------------


def alive_nodes() -> list[Node]:
    """Nodes heard lately. Two nodes of one name are one row."""
    return list(Node.objects.filter(seen_at__gte=timezone.now() - Node.SILENT_AFTER))


def usable(node: Node) -> bool:
    return not node.sandbox.startswith("NONE")


def slots_of(queue: str, nodes: list[Node]) -> int:
    return sum(node.slots for node in nodes if queue in node.queues and usable(node))


def may_check(queue: str, nodes: list[Node]) -> bool:
    """Whether one more check may go out: students keep half of the slots, and a node with one does one at a time."""
    under_way = Run.objects.filter(purpose=Run.Purpose.CHECK, queue=queue, state__in=Run.LIVE).count()
    return under_way < max(1, slots_of(queue, nodes) // 2)


def capacity(queue: str, nodes: list[Node]) -> int:
    """How many more jobs may go into the pipe of `queue`."""
    slots = slots_of(queue, nodes)
    if not slots:
        return 0
    in_pipe = Run.objects.filter(queue=queue, state__in=Run.LIVE).count()
    return max(0, 2 * slots - in_pipe)


def unserved(queue: str, nodes: list[Node]) -> list[int]:
    """Versions with waiting runs that ask for a model's role which a node of `queue` lacks: such runs stay here.

    A job in the pipe goes to whichever node reads first. On one without the role it would fail, three times over, and
    the submission would be given up though nothing is wrong with it.
    """
    if queue != MODEL_QUEUE:
        return []
    takers = [set(node.runtimes) for node in nodes if queue in node.queues and usable(node)]
    served = set.intersection(*takers) if takers else set()
    asked = Run.objects.filter(queue=queue, state=RunState.QUEUED, version__isnull=False).values("version")
    versions = ExerciseVersion.objects.filter(pk__in=asked)
    return [version.pk for version in versions if not {f"model:{role}" for role in version.roles} <= served]


def waiting(queue: str, without: Sequence[int] = ()) -> QuerySet[Run]:
    """Runs to send, next first: of the students with the fewest runs under way, the oldest run.

    Checks go before regrades, and in a queue of live work after it. `without`: versions that cannot be graded now; what
    their tests are called can be listed all the same.
    """
    under_way = (
        # Of the same queue: a regrade of a student's work must not hold up what that student hands in now.
        Run.objects.filter(student=OuterRef("student"), queue=queue, state__in=Run.LIVE)
        .order_by()
        .values("student")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rank_of_checks = -1 if queue == "grade.bulk" else 1
    return (
        Run.objects.filter(queue=queue, state=RunState.QUEUED)
        .exclude(~Q(purpose=Run.Purpose.LIST), version__in=without)
        # A submission waits until its version is listed: without a manifest no report could be checked.
        .filter(Q(purpose__in=(Run.Purpose.LIST, Run.Purpose.CHECK)) | Q(version__manifest__isnull=False))
        .annotate(
            rank=Case(When(purpose=Run.Purpose.CHECK, then=Value(rank_of_checks)), default=Value(0)),
            load=Coalesce(Subquery(under_way), 0)
            # A student's second waiting run ranks behind everybody's first.
            + Window(RowNumber(), partition_by=[F("student")], order_by=[F("queued_at").asc()]),
        )
        .order_by("rank", "load", "queued_at")
    )


def live_work_waits(nodes: list[Node]) -> bool:
    """Whether a run that goes before regrades could be graded now; what no node can do must not hold them up."""
    served = [queue for queue in LIVE_QUEUES if slots_of(queue, nodes)]
    return any(waiting(queue, unserved(queue, nodes)).exists() for queue in served)


def position(run: Run) -> int:
    """Place in the queue, 1 for the next; 0 when it is not waiting."""
    if run.state != RunState.QUEUED:
        return 0
    earlier = Run.objects.filter(queue=run.queue, state=RunState.QUEUED, queued_at__lt=run.queued_at)
    return 1 + earlier.count()


def expected_wait(run: Run) -> float | None:
    """Seconds until the run is expected to be graded; None while no node can do it."""
    nodes = alive_nodes()
    slots = slots_of(run.queue, nodes)
    if not slots or run.version_id in unserved(run.queue, nodes):
        return None
    graded = Run.objects.filter(state=RunState.GRADED, started_at__isnull=False).exclude(purpose=Run.Purpose.CHECK)
    recent = graded.order_by("-finished_at")[:50]
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    mean = Run.objects.filter(pk__in=list(recent.values_list("pk", flat=True))).aggregate(mean=Avg(took))["mean"]
    under_way = Run.objects.filter(queue=run.queue, state__in=Run.LIVE).count()
    return (mean.total_seconds() if mean else 1.0) * (position(run) + under_way) / slots


# ---- Claim and publish -----------------------------------------------------------------------------------


def claim(run: Run) -> Job | None:
    """Take the run for one attempt; None when another dispatcher was faster or the student replaced it."""
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    changed = Run.objects.filter(pk=run.pk, state=RunState.QUEUED, attempt=run.attempt).update(
        state=RunState.SENT, attempt=run.attempt + 1, lease_until=Now() + lease, started_at=None
    )
    if changed != 1:
        return None
    attempt = run.attempt + 1
    return Job(
        schema=SCHEMA,
        run=str(run.pk),
        attempt=attempt,
        token=tokens.make(str(run.pk), attempt),
        purpose=run.purpose,
        version=run.gate.sha256 if run.gate else run.version.sha256,
        source=run.submission.source if run.submission else "",
        seed=run.seed,
        lease_until=time.time() + settings.LEASE_SECONDS,
    )


def unclaim(job: Job) -> None:
    """The broker did not take the job: back in the queue at once, the attempt not counted."""
    Run.objects.filter(pk=job.run, attempt=job.attempt, state=RunState.SENT).update(
        state=RunState.QUEUED, attempt=F("attempt") - 1, lease_until=None
    )


def redis_client(url: str) -> redis.Redis:
    """A client with one second of patience. Celery writes `redis+socket://` where redis-py writes `unix://`."""
    url = url.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


class Broker:
    """The dispatcher's connection: one second of patience, no retries. The database keeps what it cannot take."""

    def __init__(self, url: str) -> None:
        self.client = redis_client(url)

    def publish(self, job: Job, queue: str) -> None:
        """Store the exercise's bundle when it is absent, then put the job into the pipe. Raises BROKER_ERRORS."""
        key = f"bundle:{job.version}"
        if not self.client.expire(key, BUNDLE_SECONDS):
            data = Bundle.objects.values_list("data", flat=True).get(sha256=job.version)
            self.client.set(key, bytes(data), ex=BUNDLE_SECONDS)
        current_app.send_task("grade.run", args=[job.to_dict()], queue=queue, retry=False, ignore_result=True)

    def close(self) -> None:
        self.client.close()


def dispatch_once(broker: Broker) -> int:
    """Fill the pipe. Returns how many jobs were sent. Raises BROKER_ERRORS after putting the run back."""
    if not Run.objects.filter(state=RunState.QUEUED, queue__in=QUEUES).exists():
        return 0
    nodes, sent = alive_nodes(), 0
    for queue in QUEUES:
        if queue == "grade.bulk" and live_work_waits(nodes):
            continue
        room = capacity(queue, nodes)
        if not room:
            continue
        for run in waiting(queue, unserved(queue, nodes)).select_related("version", "submission", "gate")[:room]:
            if run.purpose == Run.Purpose.CHECK and not may_check(queue, nodes):
                continue
            job = claim(run)
            if job is None:
                continue
            try:
                broker.publish(job, queue)
            except BROKER_ERRORS:
                unclaim(job)
                raise
            metrics.DISPATCHED.labels(queue).inc()
            sent += 1
    return sent


# ---- Sweeper ---------------------------------------------------------------------------------------------


def sweep_once() -> int:
    """Bring back every attempt whose lease ended by the database's clock. Returns how many."""
    over = Run.objects.filter(queue__in=QUEUES, lease_until__lt=Now())
    # Never started: it waited in the pipe behind long work, or the broker was wiped. That is no attempt; counting it
    # would give a submission up because the nodes were busy. Its old job is past its lease, so a node drops it.
    swept = over.filter(state=RunState.SENT).update(state=RunState.QUEUED, attempt=F("attempt") - 1, lease_until=None)
    for run in over.filter(state=RunState.RUNNING):
        # fail_attempt is conditional on this attempt: a report that arrives meanwhile wins.
        if fail_attempt(run, run.attempt, "the grader went silent: its lease ended", None) != "late":
            swept += 1
    metrics.SWEPT.inc(swept)
    leave_gpu_queue()
    # A worker that starts anew has a new name: old ones would pile up.
    Node.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
    return swept


def leave_gpu_queue() -> int:
    """What a CPU can grade as well does not wait for a GPU node that has gone. Returns how many runs changed queues."""
    stranded = Run.objects.filter(queue="grade.gpu", state=RunState.QUEUED)
    if not stranded.exists() or Node.serving("grade.gpu"):
        return 0
    versions = ExerciseVersion.objects.filter(pk__in=stranded.values("version"))
    either = [version.pk for version in versions if version.spec.device == "any"]
    return stranded.filter(version__in=either).update(queue="grade.cpu")


# ---- Loops -----------------------------------------------------------------------------------------------


def run_dispatcher(stop: Callable[[], bool]) -> None:
    """Dispatch and sweep until `stop()`. A broker or database that is down is waited for, with one log line."""
    broker, next_sweep, down = Broker(settings.REDIS_URL), 0.0, False
    while not stop():
        pause = POLL_SECONDS
        try:
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + settings.SWEEP_SECONDS
                sweep_once()
            dispatch_once(broker)
            if down:
                log.info("the broker is back")
            down = False
        except BROKER_ERRORS as error:
            if not down:
                log.error("the broker does not answer, submissions wait in the database: %s", error)
            down, pause = True, 1.0
        except Exception:
            log.exception("the dispatcher goes on after a fault")
            pause = 1.0
            close_old_connections()
        time.sleep(pause)
    broker.close()
