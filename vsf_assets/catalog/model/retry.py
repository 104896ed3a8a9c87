"""Retries with growing pauses and a deadline, and concurrent calls.

Here: deadlines, pauses with jitter, a pool of daemon threads. Not here: which failures are transient (the clients
raise TransientError for them).
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
LONGEST_RETRY_AFTER = 60.0
"""Longest pause in seconds that a source may request; a longer one is cut to this."""


@dataclass(frozen=True)
class Deadline:
    """When to give up, on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline some seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left, at least 0.05."""
        return max(0.05, self.at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.at


def pause(attempt: int, retry_after: float, chance: float) -> float:
    """Return the seconds to wait after an attempt that failed.

    Args:
        attempt: number of failed attempts, from 1.
        retry_after: seconds that the source requested, or 0.
        chance: from 0 to 1; jitter, so that many clients do not retry at once.
    """
    growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * (0.5 + chance)
    return max(growing, min(retry_after, LONGEST_RETRY_AFTER))


def retried(attempt: Callable[[Deadline], Result], attempts: int, seconds: float) -> Result:
    """Return the result of `attempt`; retry it after a TransientError, within the number of attempts and the time.

    Raises:
        TransientError: the last one, with the number of attempts.
        SourceError: one that is not transient, at once.
    """
    from vsf_assets.catalog.model.errors import TransientError

    deadline = Deadline.after(seconds)
    for number in range(1, attempts + 1):
        try:
            return attempt(deadline)
        except TransientError as error:
            wait = pause(number, error.retry_after, random.random())  # noqa: S311 - no secret
            if number == attempts or wait >= deadline.at - time.monotonic():
                tries = f"{number} attempt{'s' if number > 1 else ''}"
                raise TransientError(f"{error} ({tries})") from error
            time.sleep(wait)
    raise AssertionError("attempts is at least 1")


def concurrently(
    do: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[tuple[Item, Result | Exception]]:
    """Yield each item with the result or the exception of `do`, in the order in which they end.

    The threads are daemons: an interrupted caller does not wait for a stalled connection.
    """
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.Queue[tuple[Item, Result | Exception]] = queue.Queue()
    stop = threading.Event()
    for item in items:
        waiting.put(item)

    def task() -> None:
        while not stop.is_set():
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((item, do(item)))
            except Exception as error:  # noqa: BLE001 - the caller handles it
                done.put((item, error))

    for _ in range(min(threads, len(items))):
        threading.Thread(target=task, daemon=True).start()
    try:
        for _ in items:
            yield done.get()
    finally:
        stop.set()
