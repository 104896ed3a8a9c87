"""Limits how often progress is logged.

Here: when the next message may be logged. Not here: the messages and their receivers.
"""

import time
from collections.abc import Callable


class Throttle:
    """Lets at most one call pass in a period.

    Args:
        seconds: the minimum time between two calls that pass.
        is_first_now: whether the first call passes at once, and not only after that time.
    """

    def __init__(self, seconds: float, is_first_now: bool = False) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + (0 if is_first_now else seconds)

    def passes(self) -> bool:
        """Whether this call passes."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


def throttled(log: Callable[[str], None], seconds: float) -> Callable[[str], None]:
    """Return a function that logs at most one message in `seconds`, and the first one only after that time."""
    throttle = Throttle(seconds)

    def log_throttled(message: str) -> None:
        if throttle.passes():
            log(message)

    return log_throttled
