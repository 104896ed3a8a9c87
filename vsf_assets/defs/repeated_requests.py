"""The pause before a sensor requests a run again for files that the last run did not load.

Here: the decision as a pure function, and its part of the sensor's cursor. Not here: the sensors (landing_sensors.py).
A run that cannot load a file still succeeds, so that it does not delay valid files. Without a pause, the next tick
would request the same file again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vsf_assets.landing.stability import TimedListing
from vsf_assets.storage.entry import Entry

MAX_PAUSE_SECONDS = 600.0
"""Maximum time until a file is requested again."""


@dataclass(frozen=True)
class Repetition:
    """Number of requests for a file in its current state, and the time of the last one, in seconds since 1970."""

    times: int
    at: float

    def pauses_until(self, first_pause: float) -> float:
        """Return when the file may be requested again (seconds since 1970): the pause doubles with each request."""
        return self.at + min(first_pause * 2.0**self.times, MAX_PAUSE_SECONDS)


def read_requested(cursor: str | None) -> dict[str, Repetition]:
    """Parse path -> earlier requests from a cursor; a missing or invalid cursor gives none, which costs one run."""
    try:
        kept = json.loads(cursor or "{}").get("requested", {})
        return {path: Repetition(int(times), float(at)) for path, (times, at) in kept.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def still_requested(
    requested: Mapping[str, Repetition], earlier: TimedListing, entries: Iterable[Entry]
) -> dict[str, Repetition]:
    """Return the earlier requests of the files whose state is the same as in the earlier listing."""
    return {
        e.path: requested[e.path] for e in entries if e.path in requested and e.same_state(earlier.entries.get(e.path))
    }


def with_request(requested: Mapping[str, Repetition], batch: Iterable[Entry], now: float) -> dict[str, Repetition]:
    """Return the earlier requests, with a request of this batch at `now` added."""
    before = Repetition(0, now)
    return {**requested, **{e.path: Repetition(requested.get(e.path, before).times + 1, now) for e in batch}}


def ready(stable: Iterable[Entry], requested: Mapping[str, Repetition], first_pause: float, now: float) -> list[Entry]:
    """Return the stable files that may be requested now: new ones, and those whose pause has ended."""
    return [e for e in stable if e.path not in requested or requested[e.path].pauses_until(first_pause) <= now]
