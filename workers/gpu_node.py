"""Keeps a worker on the queue `grade.gpu` only while it has a card that takes jobs."""

from __future__ import annotations

import logging
from typing import Any

from workers.grader.gpus import Keeper

log = logging.getLogger(__name__)

GPU_QUEUE = "grade.gpu"


class GpuQueue:
    """Of the worker's main process. A card in quarantine, or in a stranger's hands, takes the worker off the queue, and
    back onto it when the card is free again: jobs that it would only fail go to another node meanwhile."""

    def __init__(self, keeper: Keeper | None = None) -> None:
        self.keeper = keeper or Keeper()
        self.asked_for = False  # by the operator
        self._on = False

    def choose(self, queues: Any) -> None:
        """At the worker's start, with Celery's table of queues."""
        self.asked_for = GPU_QUEUE in queues.consume_from
        if not self.asked_for:
            return
        why = self.keeper.why_none()
        self._on = not why
        if why:
            queues.deselect([GPU_QUEUE])
            log.warning("this node does not serve %s: %s", GPU_QUEUE, why)

    def review(self, consumer: Any, full: bool = True) -> tuple[str, ...]:
        """What to announce of the devices. `full`: whether the sandbox is whole; without it no GPU is used."""
        devices = self.keeper.announce()
        if not self.asked_for:
            return devices
        fit = full and any(device.startswith("gpu:") for device in devices)
        if fit != self._on:
            self._on = fit
            log.warning("%s %s: %s", "back on" if fit else "off", GPU_QUEUE, "; ".join(devices) or "no GPU")
            # In the thread of the consumer's own loop: its connection is not for two.
            consumer.call_soon(consumer.add_task_queue if fit else consumer.cancel_task_queue, GPU_QUEUE)
        return devices

    def queues(self, consumed: tuple[str, ...]) -> tuple[str, ...]:
        """The queues to announce, out of those that the worker started with."""
        others = {name for name in consumed if name != GPU_QUEUE}
        return tuple(sorted(others | ({GPU_QUEUE} if self.asked_for and self._on else set())))
