"""`manage.py senddigests`: the daily mails that are due now. The dispatcher does the same by itself every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.digests.sending import send_due


class Command(BaseCommand):
    help = "Send the daily mails that are due and not sent yet. Needed only where no dispatcher runs."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"daily mails sent: {send_due()}")
