"""The state of the home, gathered at most once a second for all readers of a process.

Here: keeping it. Not here: gathering it (pipeline/home_status.py).
"""

import threading
import time

from vsf_assets.config.settings import Settings
from vsf_assets.pipeline.home_status import HomeStatus, gather

SECONDS = 1.0

_lock = threading.Lock()
_kept: dict[str, tuple[float, HomeStatus]] = {}


def home_state(settings: Settings) -> HomeStatus:
    """Return the state of a home, not older than a second."""
    key = str(settings.home)
    with _lock:
        until, found = _kept.get(key, (0.0, None))
        if found is None or time.monotonic() >= until:
            found = gather(settings, asks_bucket=False)
            _kept[key] = (time.monotonic() + SECONDS, found)
    return found


def forget() -> None:
    """Forget what was gathered, so that the next reader sees the home as it is."""
    with _lock:
        _kept.clear()
