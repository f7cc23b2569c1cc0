"""Several graders at work, one in each thread: a grader is used from the thread that made it."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from workers.grader import Grader

T = TypeVar("T")
Work = Callable[[Grader], T]


def default_jobs() -> int:
    """As many graders as cores, but two at most: each holds a warm Python with its libraries."""
    return min(2, len(os.sched_getaffinity(0)))


class Crew:
    """Starts its graders on the first `run` and keeps them warm; `close` ends them."""

    def __init__(self, jobs: int = 1, allow_reduced: bool | None = None) -> None:
        self._jobs = max(1, jobs)
        self._allow_reduced = allow_reduced
        self._tasks: queue.SimpleQueue[tuple[int, Work[Any]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, work: Sequence[Work[T]], done: Callable[[], None] = lambda: None, serial: bool = False) -> list[T]:
        """Call each of `work` with a grader; results in the order of `work`. `done` is called after each.

        serial: one at a time, for what measures time. Raises the first error, after the calls under way have ended.
        """
        if serial:
            return [self._run([one], done)[0] for one in work]
        return self._run(work, done)

    def _run(self, work: Sequence[Work[T]], done: Callable[[], None]) -> list[T]:
        self._start(len(work))
        for item in enumerate(work):
            self._tasks.put(item)
        results: dict[int, Any] = {}
        errors: dict[int, BaseException] = {}
        waiting = len(work)
        while waiting:
            index, value, error = self._results.get()
            waiting -= 1
            if error is None:
                results[index] = value
                done()
            else:
                errors[index] = error
                waiting -= self._drop_tasks()
        if errors:
            raise errors[min(errors)]
        return [results[index] for index in range(len(work))]

    def _start(self, wanted: int) -> None:
        while len(self._threads) < min(self._jobs, wanted):
            thread = threading.Thread(target=self._serve, name=f"grader {len(self._threads) + 1}")
            thread.start()
            self._threads.append(thread)

    def _drop_tasks(self) -> int:
        dropped = 0
        try:
            while True:
                self._tasks.get_nowait()
                dropped += 1
        except queue.Empty:
            return dropped

    def _serve(self) -> None:
        grader: Grader | None = None
        try:
            while (task := self._tasks.get()) is not None:
                index, work = task
                try:
                    grader = grader or Grader(self._allow_reduced)
                    self._results.put((index, work(grader), None))
                except BaseException as error:  # carried over to the thread that waits
                    self._results.put((index, None, error))
        finally:
            if grader is not None:
                grader.close()

    def close(self) -> None:
        """End all graders, after the calls under way. May be called again."""
        self._drop_tasks()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
