"""Waiting for something that another process or thread does, and looking at what it has open.

Not here: assertions about how long it takes.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until a condition holds; the time is generous, because machines of tests are busy."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def open_files(process: int | str = "self") -> list[Path]:
    """Return the target of each descriptor that a process has open now.

    A descriptor that is closed between the listing and the look at it is left out: it is not open.
    """
    found = []
    folder = Path(f"/proc/{process}/fd")
    for number in os.listdir(folder):
        try:
            found.append((folder / number).readlink())
        except FileNotFoundError:
            continue
    return found
