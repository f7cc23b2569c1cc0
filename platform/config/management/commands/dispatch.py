"""`manage.py dispatch`: the loop that moves submissions from the database to the graders, and brings back lost ones.

Beside it, each in a thread of its own: the quizzes' clock, the daily mails, and grades on their way to learning
management systems (`lti.delivery`). A broker that is down or a mail server that is slow must not keep an exam from
ending.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from config.digests.sending import run_digests
from exercises.queue import run_dispatcher
from lti.delivery import run_delivery
from quizzes.clock import run_clock


class Command(BaseCommand):
    help = "Send waiting submissions to the grading nodes and bring back what a lost node held. Runs until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: stopping.append(received))
        clock = threading.Thread(target=run_clock, args=(lambda: bool(stopping),), name="quiz clock")
        # A daemon: a mail server that does not answer must not keep the process from ending. What it cuts short is
        # told the next day.
        mails = threading.Thread(target=run_digests, args=(lambda: bool(stopping),), name="daily mails", daemon=True)
        clock.start()
        mails.start()
        # A daemon, not waited for: an LMS may take seconds to answer, and what is not confirmed is sent again.
        threading.Thread(target=run_delivery, args=(lambda: bool(stopping),), name="grades to LMS", daemon=True).start()
        self.stdout.write("dispatcher: ready")
        try:
            run_dispatcher(lambda: bool(stopping))
        finally:
            stopping.append(0)
            clock.join()
            mails.join(timeout=2)
