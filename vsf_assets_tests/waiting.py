"""Waiting for something that another process or thread does. Not here: assertions about how long it takes."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until a condition holds; the time is generous, because machines of tests are busy."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
