"""For operators: /healthz (this process answers), /readyz (work can be done), /metrics (Prometheus)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from exercises.models import Run
from exercises.queue import alive_nodes, redis_client, usable


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _broker() -> str:
    client = redis_client(settings.REDIS_URL)
    try:
        client.ping()
    finally:
        client.close()
    return ""


def _graders() -> str:
    nodes = alive_nodes()
    if any(usable(node) for node in nodes):
        return ""
    if nodes:
        return nodes[0].sandbox
    return "no grading worker has been heard lately: start one with `make worker QUEUES=grade.cpu`"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "broker": _broker, "graders": _graders}


def problems() -> dict[str, str]:
    """What keeps the site from grading, by part; empty when all is well."""
    found = {}
    for name, check in CHECKS.items():
        try:
            problem = check()
        except (DatabaseError, redis.RedisError, OSError) as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            found[name] = problem
    return found


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    found = problems()
    return JsonResponse({"ready": not found, "problems": found}, status=503 if found else 200)


class QueueCollector(Collector):
    """Gauges of the queue, read from the database when asked: the same whichever process answers."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        runs = GaugeMetricFamily("rendu_runs", "Unfinished runs", labels=["queue", "state"])
        oldest = GaugeMetricFamily("rendu_oldest_run_seconds", "Age of the oldest unfinished run", labels=["queue"])
        rows = (
            Run.objects.filter(state__in=Run.OPEN)
            .values("queue", "state")
            .annotate(n=Count("pk"), first=Min("queued_at"))
        )
        first: dict[str, float] = {}
        for row in rows.order_by():
            runs.add_metric([row["queue"], row["state"]], row["n"])
            age = (now - row["first"]).total_seconds()
            first[row["queue"]] = max(age, first.get(row["queue"], 0.0))
        for queue, age in first.items():
            oldest.add_metric([queue], age)
        slots = GaugeMetricFamily("rendu_grading_slots", "Grades that can run at once", labels=["queue"])
        total: dict[str, int] = {}
        for node in filter(usable, alive_nodes()):
            for queue in node.queues:
                total[queue] = total.get(queue, 0) + node.slots
        for queue, n in total.items():
            slots.add_metric([queue], n)
        yield from (runs, oldest, slots, _devices())


def _devices() -> Metric:
    """Nodes by what they compute on: `kind` is cpu, gpu, or quarantined for a card that takes no jobs."""
    devices = GaugeMetricFamily("rendu_devices", "Devices of the grading nodes", labels=["kind", "name"])
    count: dict[tuple[str, str], int] = {}
    for node in filter(usable, alive_nodes()):
        for device in node.devices:
            # Of a card in quarantine the reason is left out: a label must not change with each number in it.
            kind, _, rest = str(device).partition(":")
            key = kind, rest.partition(":")[0]
            count[key] = count.get(key, 0) + 1
    for key, n in count.items():
        devices.add_metric(list(key), n)
    return devices


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    registry.register(QueueCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
