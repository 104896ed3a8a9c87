"""Limits how often progress is logged.

Here: when the next word may be said. Not here: what is said, and to whom.
"""

import time
from collections.abc import Callable


class Throttle:
    """Lets one of many through in some seconds.

    Args:
        seconds: the least time between two.
        is_first_now: whether the first one passes at once, and not only after that time.
    """

    def __init__(self, seconds: float, is_first_now: bool = False) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + (0 if is_first_now else seconds)

    def passes(self) -> bool:
        """Whether this one is let through."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


def throttled(log: Callable[[str], None], seconds: float) -> Callable[[str], None]:
    """Return a function that logs a message at most once in some seconds, the first one not before they are over."""
    throttle = Throttle(seconds)

    def say(message: str) -> None:
        if throttle.passes():
            log(message)

    return say
