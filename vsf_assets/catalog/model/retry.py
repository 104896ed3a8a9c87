"""Retries with growing pauses and a deadline, and concurrent calls.

Here: deadlines, pauses with jitter, a pool of threads that never keeps a process alive. Not here:
which failures may pass (the sources say so by raising TransientError).
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
"""Seconds that a source may ask to wait; of more only this much is believed."""


@dataclass(frozen=True)
class Deadline:
    """When to give up, on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline some seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left; never less than a twentieth."""
        return max(0.05, self.at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether it is too late."""
        return time.monotonic() >= self.at


def pause(attempt: int, retry_after: float, chance: float) -> float:
    """Return the seconds to wait after an attempt that failed.

    Args:
        attempt: how many attempts failed, from 1.
        retry_after: seconds the source asked for, or 0.
        chance: from 0 to 1; spreads the pauses so that many do not come back at once.
    """
    growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * (0.5 + chance)
    return max(growing, min(retry_after, LONGEST_RETRY_AFTER))


def retried(attempt: Callable[[Deadline], Result], attempts: int, seconds: float) -> Result:
    """Return what `attempt` gives; a TransientError is tried again, as often and as long as may be.

    Raises:
        TransientError: the last one, with the number of attempts.
        SourceError: one that does not pass, at once.
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
    """Yield each item with what `do` gave or raised, as they end.

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
            except Exception as error:  # noqa: BLE001 - the caller judges it
                done.put((item, error))

    for _ in range(min(threads, len(items))):
        threading.Thread(target=task, daemon=True).start()
    try:
        for _ in items:
            yield done.get()
    finally:
        stop.set()
