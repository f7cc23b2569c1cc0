"""Celery tasks of the site, all on the queue `record`. They only hand the message to `reports`."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from exercises import reports


@shared_task(name="record.report")
def report(data: object) -> None:
    close_old_connections()
    reports.record_report(data)


@shared_task(name="record.beat")
def beat(data: object) -> None:
    close_old_connections()
    reports.record_beat(data)


@shared_task(name="record.hello")
def hello(data: object) -> None:
    close_old_connections()
    reports.record_hello(data)
