"""The graders' Celery app. It needs REDIS_URL and nothing else of the site: no Django, no database.

    celery -A workers.app worker -Q grade.cpu

Early acknowledgement and no prefetch: a job is taken off the broker when a process starts it, never before, and never
comes back by itself. What a dead node held comes back by the site's leases.
"""

from __future__ import annotations

import os

from celery import Celery

REDIS_URL = os.environ.get("REDIS_URL", "").strip()

app = Celery("rendu-graders", broker=REDIS_URL or "redis://localhost:6379/0", include=["workers.tasks"])
app.conf.update(
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "socket_timeout": 30,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        # One hour is the default; nothing is acknowledged late here, so nothing may ever be sent a second time.
        "visibility_timeout": 7 * 24 * 3600,
    },
    result_backend=None,
    task_acks_late=False,
    task_create_missing_queues=True,
    task_ignore_result=True,
    task_serializer="json",
    timezone="UTC",
    worker_disable_prefetch=True,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=None,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)
