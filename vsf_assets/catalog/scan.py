"""Scans a source: its list, the states of its objects, and whether anything must be fetched.

Here: the scan, also the quick one that only answers whether anything changed. Not here: the decision
(catalog/model/plan.py), records and fetching (fetch_round.py). A scan writes nothing.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vsf_assets.catalog.clients.base import ObjectSource
from vsf_assets.catalog.clients.factory import open_source
from vsf_assets.catalog.history import FetchedStates, SourceHistory
from vsf_assets.catalog.model.errors import GoneError, SourceError
from vsf_assets.catalog.model.plan import Listed, Observed, Plan, decide, parse_list, time_of_scan
from vsf_assets.catalog.model.retry import Deadline, retried
from vsf_assets.common.throttle import throttled
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import Settings
from vsf_assets.readers.common.content_types import content_instead_of_names
from vsf_assets.readers.common.decoding import has_long_line, utf8_head
from vsf_assets.readers.common.displayable_text import MAX_RECORD

Log = Callable[[str], None]
States = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True)
class SourceScan:
    """The result of a scan.

    Attributes:
        at: its time, UTC; later than every earlier scan.
        content: the bytes of the list.
        listed: the names in the list.
        observed: name -> state; empty if states were not requested.
    """

    at: datetime
    content: bytes
    listed: list[Listed]
    observed: Mapping[str, Observed]

    @property
    def list_sha256(self) -> str:
        """Digest of the list."""
        return hashlib.sha256(self.content).hexdigest()


def scan_source(
    source: ObjectSource,
    last_scan_at: datetime | None,
    log: Log = lambda _: None,
    maximum: int | None = None,
    ahead: States = lambda _: {},
) -> SourceScan | None:
    """Scan a source; return None if the folder `catalog` of the landing zone is not in use.

    Args:
        source: the source.
        last_scan_at: time of the last scan with a record.
        log: receives progress lines.
        maximum: the largest number of names whose states are requested; None for any number.
        ahead: returns states that are known without a request (a prefetch).

    Raises:
        SourceError: the list cannot be read, or is a web page or another kind of file; the message names the
            address and the setting to check.
    """
    at = time_of_scan(datetime.now(UTC), last_scan_at)
    content = read_list(source)
    if content is None:
        return None
    listed = parse_list(content, source.profile.encoding)
    if maximum is not None and len(listed) > maximum:
        return SourceScan(at, content, listed, {})
    said = throttled(log, 2.0)
    known_states = ahead([item.name for item in listed])
    to_observe = [item.name for item in listed if item.name not in known_states]
    observed = source.observe(to_observe, lambda n: said(f"fetching: observed {n:,} of {len(to_observe):,} objects"))
    return SourceScan(at, content, listed, {**known_states, **observed})


def read_list(source: ObjectSource) -> bytes | None:
    """Return the list's bytes, or None as `scan_source` does; raises like it."""
    profile = source.profile

    def whole(deadline: Deadline) -> bytes:
        with source.open(profile.list_name, deadline) as opened:
            return b"".join(opened.blocks)

    where = f"the list {profile.list_name} of the catalog at {profile.address}"
    try:
        if profile.is_own and source.is_absent():
            return None
        content = retried(whole, profile.attempts, profile.object_timeout)
    except GoneError as error:
        raise SourceError(
            f"{where} is not there; look at {profile.say('list')} and {profile.say('address')}"
        ) from error
    except SourceError as error:
        raise SourceError(f"{where} cannot be read: {error} ({profile.say('address')})") from error
    except OSError as error:
        raise SourceError(f"{where} cannot be read: {error.strerror or error}") from error
    other = content_instead_of_names(utf8_head(content, profile.encoding))
    what = other.reason("a list of names") if other else ""
    if not what and has_long_line(content):
        what = f"one line has more than {MAX_RECORD:,} bytes; a list has a name on each line"
    if what:
        raise SourceError(f"{where} is no list: {what} (look at {profile.say('list')} and {profile.say('address')})")
    return content


def settled_scan(
    source: ObjectSource, last_scan_at: datetime | None, settings: Settings, log: Log, ahead: States = lambda _: {}
) -> SourceScan | None:
    """Scan a source whose files have not changed for the settle time; wait for that, within bounds."""
    until = time.monotonic() + settings.settle_timeout
    while True:
        scan = scan_source(source, last_scan_at, log, ahead=ahead)
        if scan is None or not settings.settle_seconds:
            return scan
        wait = unsettled_for(source, scan, settings.settle_seconds, time.time())
        if not wait or time.monotonic() > until:
            return scan
        time.sleep(wait)


def unsettled_for(source: ObjectSource, scan: SourceScan, settle_seconds: float, now: float) -> float:
    """Return the seconds until the newest change is older than the settle time; 0 if it is."""
    age = now - source.last_modified([source.profile.list_name, *(item.name for item in scan.listed)])
    return settle_seconds - age if 0 <= age < settle_seconds else 0.0


def plan_of(scan: SourceScan, history: SourceHistory, fetched_states: FetchedStates, force: bool = False) -> Plan:
    """Return what to record, to fetch and to compare."""
    return decide(scan.listed, scan.observed, history.known, scan.at, fetched_states.of(history.known), force)


def has_anything_to_fetch(settings: Settings, profile: Profile, history: SourceHistory, force: bool = False) -> bool:
    """Whether a run would find something to do at the source; stops as soon as that is clear.

    Raises:
        SourceError: the list cannot be read.
    """
    source = open_source(profile)
    try:
        listing = scan_source(source, history.last_scan_at, maximum=0)
        if listing is None:
            return False
        if (force and listing.listed) or has_changes(settings, profile, listing, history):
            return True
        observed = source.observe([item.name for item in listing.listed], lambda _: None)
        plan = plan_of(replace(listing, observed=observed), history, FetchedStates.read(settings, profile.name))
        return bool(plan.records or plan.fetch or plan.compare or plan.unseen)
    finally:
        source.close()


def has_changes(settings: Settings, profile: Profile, scan: SourceScan, history: SourceHistory) -> bool:
    """Whether a scan shows something to record or fetch; objects that would have to be compared do not count."""
    if scan.list_sha256 != history.list_sha256:
        return True
    if not scan.observed:
        waiting = set(history.to_fetch)
        return any(item.name not in history.known or item.name in waiting for item in scan.listed)
    plan = plan_of(scan, history, FetchedStates.read(settings, profile.name))
    return bool(plan.records or plan.fetch)
