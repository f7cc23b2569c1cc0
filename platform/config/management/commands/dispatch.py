"""`manage.py dispatch`: the loop that moves submissions from the database to the graders, and brings back lost ones."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from exercises.queue import run_dispatcher


class Command(BaseCommand):
    help = "Send waiting submissions to the grading nodes and bring back what a lost node held. Runs until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: stopping.append(received))
        self.stdout.write("dispatcher: ready")
        run_dispatcher(lambda: bool(stopping))
