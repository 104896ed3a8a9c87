"""Decides what to fetch: a pure function of the list, the observed states and the known states.

Here: the names of a list, the types of a scan, the decision. Not here: scanning (catalog/scan.py), the known states
(catalog/history.py), and fetching (catalog/fetch_round.py). No clock, file or connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vsf_assets.feeds.by_family.catalog import listed_names
from vsf_assets.readers.json.lossless_values import is_text

UNKNOWN = "unknown"
"""State of an existing object whose source gives no ETag or time to compare, or no answer."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A name in the list: its first place among the names, from 1, and the object's name."""

    position: int
    name: str


@dataclass(frozen=True)
class Unseen:
    """An object whose state could not be observed, with the reason."""

    reason: str


Observed = str | None | Unseen
"""The observed state of an object: ETag or size and time; UNKNOWN; None if it is not there; or Unseen."""


@dataclass(frozen=True)
class KnownObject:
    """What the warehouse holds of a name: the newest recorded state, and whether that state was fetched.

    Attributes:
        at: time of the scan that first observed the state.
        position: its place in the list at that scan.
        state: the state; None where the object was gone.
        is_fetched: whether this state is loaded.
        sha256: digest of the newest loaded content, or empty.
    """

    at: datetime
    position: int
    state: str | None
    is_fetched: bool = False
    sha256: str = ""


@dataclass(frozen=True)
class ToFetch:
    """A state to fetch.

    Attributes:
        listed: the object, with its place in the list when the state was first observed.
        at: time of that scan; it becomes the delivery's landed_at.
        state: the state that this scan observed; with UNKNOWN any state is accepted.
    """

    listed: Listed
    at: datetime
    state: str


@dataclass(frozen=True)
class Plan:
    """What a scan decides.

    Attributes:
        records: states that changed, in the order of the list: (object, state or None for gone).
        fetch: states to fetch: the changed ones and those that failed before.
        compare: objects to fetch and compare with what is known; a difference is a changed state.
        unseen: known objects whose state could not be observed: (name, reason).
    """

    records: list[tuple[Listed, str | None]] = field(default_factory=list)
    fetch: list[ToFetch] = field(default_factory=list)
    compare: list[ToFetch] = field(default_factory=list)
    unseen: list[tuple[str, str]] = field(default_factory=list)


def parse_list(content: bytes, encoding: str) -> list[Listed]:
    """Return the names of a list with their first places; blank lines do not count, undecodable ones are left out.

    An undecodable line counts as a place without a name: ingest reports it.
    """
    try:
        text = content.decode(encoding, errors="surrogateescape")
    except UnicodeDecodeError:  # of encodings whose units are more than a byte
        text = content.decode(encoding, errors="replace").replace("\ufffd", "\0")
    first: dict[str, int] = {}
    for position, (_, name) in enumerate(listed_names(text), 1):
        if is_text(name):
            first.setdefault(name, position)
    return [Listed(position, name) for name, position in first.items()]


def time_of_scan(now: datetime, last: datetime | None) -> datetime:
    """Return the time of a scan: now, or just after the last scan if the clock went back."""
    return now if last is None or now > last else last + timedelta(microseconds=1)


def decide(
    listed: Iterable[Listed],
    observed: Mapping[str, Observed],
    known: Mapping[str, KnownObject],
    at: datetime,
    fetched_states: Mapping[str, str] | None = None,
    force: bool = False,
) -> Plan:
    """Return what to record, to fetch and to compare.

    Args:
        listed: the list's names.
        observed: name -> observed state.
        known: name -> what the warehouse holds, for every name ever recorded.
        at: time of the scan.
        fetched_states: states observed by fetches for names recorded as UNKNOWN.
        force: fetch known states too.
    """
    plan = Plan()
    for item in listed:
        seen, before = observed[item.name], known.get(item.name)
        if before is None or before.state is None:
            _first_sight(plan, item, seen, before, at)
        elif seen is None:
            plan.records.append((item, None))
        elif not before.is_fetched:
            _failed_before(plan, item, seen, before, at)
        elif isinstance(seen, Unseen):
            plan.unseen.append((item.name, seen.reason))
        else:
            _fetched_before(plan, item, seen, before, at, (fetched_states or {}).get(item.name, UNKNOWN), force)
    return plan


def _change(plan: Plan, item: Listed, state: str, at: datetime) -> None:
    plan.records.append((item, state))
    plan.fetch.append(ToFetch(item, at, state))


def _first_sight(plan: Plan, item: Listed, seen: Observed, before: KnownObject | None, at: datetime) -> None:
    """An object that is new, or was gone at the last record."""
    if isinstance(seen, Unseen):
        if before is None:
            _change(plan, item, UNKNOWN, at)  # it keeps the place of its first failure
        else:
            plan.unseen.append((item.name, seen.reason))
    elif seen is not None:
        _change(plan, item, seen, at)
    elif before is None:
        plan.records.append((item, None))


def _failed_before(plan: Plan, item: Listed, seen: str | Unseen, before: KnownObject, at: datetime) -> None:
    """An object that an earlier round could not fetch: it keeps its place while its state stays the same."""
    state = UNKNOWN if isinstance(seen, Unseen) else seen
    if UNKNOWN in (state, before.state) or state == before.state:
        plan.fetch.append(ToFetch(Listed(before.position, item.name), before.at, state))
    else:
        _change(plan, item, state, at)


def _fetched_before(
    plan: Plan, item: Listed, seen: str, before: KnownObject, at: datetime, fetched_state: str, force: bool
) -> None:
    state = fetched_state if before.state == UNKNOWN else before.state
    if UNKNOWN in (seen, state) or (seen == state and force):
        plan.compare.append(ToFetch(item, at, seen))
    elif seen != state:
        _change(plan, item, seen, at)
