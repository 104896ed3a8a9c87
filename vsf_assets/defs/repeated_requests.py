"""Files that a sensor asked a run for and that are still there as they were: when it asks again.

Here: the pure decision, and its part of the sensor's cursor. Not here: the sensors (landing_sensors.py). A
run that cannot load a file ends well, so that it holds no good file back; without a pause the next tick would ask
for it again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vsf_assets.landing.stability import TimedListing
from vsf_assets.storage.entry import Entry

LONGEST_REST = 600.0
"""Seconds after which a file is asked for again at the latest."""


@dataclass(frozen=True)
class Repetition:
    """How often a file was asked for in the state it is in, and when last, in seconds since 1970."""

    times: int
    at: float

    def rests_until(self, first_rest: float) -> float:
        """Return when it may be asked for again: the pause doubles each time."""
        return self.at + min(first_rest * 2.0**self.times, LONGEST_REST)


def read_requested(cursor: str | None) -> dict[str, Repetition]:
    """Return path -> what a cursor holds; a lost or broken one only costs a run."""
    try:
        kept = json.loads(cursor or "{}").get("requested", {})
        return {path: Repetition(int(times), float(at)) for path, (times, at) in kept.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def still_requested(
    requested: Mapping[str, Repetition], earlier: TimedListing, entries: Iterable[Entry]
) -> dict[str, Repetition]:
    """Return what of it holds for files that an earlier look showed as they are now."""
    return {
        e.path: requested[e.path] for e in entries if e.path in requested and e.same_state(earlier.entries.get(e.path))
    }


def with_request(requested: Mapping[str, Repetition], batch: Iterable[Entry], now: float) -> dict[str, Repetition]:
    """Return it with a batch that is asked for now."""
    before = Repetition(0, now)
    return {**requested, **{e.path: Repetition(requested.get(e.path, before).times + 1, now) for e in batch}}


def ready(stable: Iterable[Entry], requested: Mapping[str, Repetition], first_rest: float, now: float) -> list[Entry]:
    """Return the files that are asked for now, and not for a while because a run has just left them."""
    return [e for e in stable if e.path not in requested or requested[e.path].rests_until(first_rest) <= now]
