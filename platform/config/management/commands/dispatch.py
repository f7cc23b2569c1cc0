"""`manage.py dispatch`: the loop that moves submissions from the database to the graders, and brings back lost ones.

Beside it, in a thread, the quizzes' clock: a broker that is down must not keep an exam from ending.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from exercises.queue import run_dispatcher
from quizzes.clock import run_clock


class Command(BaseCommand):
    help = "Send waiting submissions to the grading nodes and bring back what a lost node held. Runs until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: stopping.append(received))
        clock = threading.Thread(target=run_clock, args=(lambda: bool(stopping),), name="quiz clock")
        clock.start()
        self.stdout.write("dispatcher: ready")
        try:
            run_dispatcher(lambda: bool(stopping))
        finally:
            stopping.append(0)
            clock.join()
