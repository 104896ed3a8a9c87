"""Fetches objects of a source into temporary files, new ones ahead of the scan.

Here: one attempt to fetch an object, and the prefetch of new objects, which saves one request per object.
Not here: which objects are fetched (catalog/model/plan.py), and where the files go (fetch_round.py).
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vsf_assets.catalog.clients.base import ObjectSource
from vsf_assets.catalog.inbox import Inbox
from vsf_assets.catalog.model.errors import GoneError, SourceError, TransientError
from vsf_assets.catalog.model.plan import UNKNOWN
from vsf_assets.catalog.model.retry import LONGEST_RETRY_AFTER, Deadline, concurrently
from vsf_assets.catalog.scan import Log
from vsf_assets.common.digests import copy_hashed
from vsf_assets.common.throttle import throttled
from vsf_assets.feeds.by_family.catalog import file_name
from vsf_assets.feeds.recognition import LONGEST_NAME

AHEAD_BYTES = 64 << 20
"""Bytes of new objects that are prefetched before the scan is recorded. A crash until then costs their transfer."""


@dataclass(frozen=True)
class FetchedObject:
    """A fetched object.

    Attributes:
        temp_path: the temporary file with its bytes.
        size, sha256: of its bytes.
        state: its state, from the answer that held it.
        is_sure: whether a scan would observe the same state.
    """

    temp_path: Path
    size: int
    sha256: str
    state: str
    is_sure: bool


def bring(source: ObjectSource, inbox: Inbox, name: str, state: str, deadline: Deadline) -> FetchedObject:
    """Fetch an object in one attempt.

    Args:
        source: where it is.
        inbox: holds the temporary file.
        name: the object's name.
        state: the state that the scan observed, or UNKNOWN.
        deadline: when to give up.

    Raises:
        SourceError, OSError: it cannot be read, or is in another state.
    """
    if len(file_name(name).encode()) > LONGEST_NAME:
        raise SourceError(f"its name is longer than {LONGEST_NAME} bytes and cannot be kept")
    with source.open(name, deadline) as content, inbox.temp_file() as (temp_path, file):
        content.expect(state)
        digest, size = copy_hashed(content.blocks, file)
    return FetchedObject(temp_path, size, digest, content.state, content.is_sure)


@dataclass
class ObjectPrefetcher:
    """Prefetches new objects during a scan, where the state of each object takes a request of its own.

    The answer that holds an object holds its state too. A failed object is left to the scan and the fetch, which
    retry. After the first failure the prefetch stops, and waits as long as the source asks for, at most the time
    limit of an object.

    Attributes:
        source: where objects are fetched from.
        inbox: where they are stored.
        known: names that the warehouse knows; they are not prefetched.
        log: receives progress lines.
        objects: fetched objects by name, until `pop` hands them out.
    """

    source: ObjectSource
    inbox: Inbox
    known: Collection[str]
    log: Log
    objects: dict[str, FetchedObject] = field(default_factory=dict)

    def states(self, names: Sequence[str]) -> dict[str, str]:
        """Prefetch the new ones of these objects, within bounds; return the states that the scan need not observe."""
        profile, known = self.source.profile, set(self.known)
        new = [name for name in names if name not in known] if self.source.asks_for_each else []
        spent, is_well, rest, said = 0, True, 0.0, throttled(self.log, 2.0)

        def attempt(name: str) -> FetchedObject | None:
            nonlocal spent, is_well
            if spent > AHEAD_BYTES or not is_well:
                return None
            try:
                one = bring(self.source, self.inbox, name, UNKNOWN, Deadline.after(profile.object_timeout))
            except BaseException as error:
                is_well = is_well and isinstance(error, GoneError)
                raise
            spent += one.size
            return one

        for name, result in concurrently(attempt, new, profile.connections):
            if isinstance(result, FetchedObject):
                self.objects[name] = result
                said(f"fetching: {len(self.objects):,} of {len(new):,} new objects, {spent / 1e6:,.1f} MB")
            elif isinstance(result, TransientError):
                rest = max(rest, result.retry_after)
            elif result is not None and not isinstance(result, SourceError | OSError):
                raise result
        _rest(rest, profile.object_timeout)
        return {name: one.state for name, one in self.objects.items() if one.is_sure}

    def pop(self, name: str, state: str) -> FetchedObject | None:
        """Return a prefetched object if its state is the one that the scan observed."""
        one = self.objects.get(name)
        fits = one is not None and (UNKNOWN in (state, one.state) or state == one.state)
        return self.objects.pop(name) if fits else None

    def discard(self) -> None:
        """Remove the fetched objects that were not loaded."""
        for one in self.objects.values():
            one.temp_path.unlink(missing_ok=True)


def _rest(requested: float, maximum: float) -> None:
    """Make the pause that a source asks for, unless it is longer than an object may take: what needs it fails."""
    seconds = min(requested, LONGEST_RETRY_AFTER)
    if seconds < maximum:
        time.sleep(seconds)
