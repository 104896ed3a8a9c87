"""What `vsf run` wants done, and what came out, in values that JSON has: another process may do it.

Here: both forms. Not here: the work (defs/requested_work.py), and how another process is asked for it
(resources/work_handover.py). May not import Dagster: the command that asks starts quickly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vsf_assets.landing.selection import Selection
from vsf_assets.landing.serialized_listing import as_config, etags_of
from vsf_assets.landing.stability import TimedListing


@dataclass(frozen=True)
class RequestedWork:
    """What a command wants done.

    Attributes:
        selection: fields of `Selection`.
        families: names of the families to load, in this order.
        listed_at: time of the command's listing of the landing zone, in seconds of the wall clock.
        listing: path -> [bytes, modified microseconds since 1970] in this listing.
        etags: path -> ETag in this listing of an object store.
        has_requests: whether requests for made-up files wait.
        full: whether every mart is fully refreshed.
    """

    selection: Mapping[str, Any]
    families: Sequence[str]
    listed_at: float
    listing: Mapping[str, list[int]]
    etags: Mapping[str, str]
    has_requests: bool = False
    full: bool = False


def requested_work(
    selection: Selection, families: Sequence[str], landed: TimedListing, has_requests: bool, full: bool
) -> RequestedWork:
    """Return the work of a selection.

    The listing is from before Dagster was loaded. It is the first one of the run, so most files need not settle again.
    """
    chosen = asdict(selection)
    lists = {name: list(chosen[name]) for name in ("feeds", "partitions") if chosen[name] is not None}
    entries = list(landed.entries.values())
    listed = as_config(entries)
    return RequestedWork({**chosen, **lists}, list(families), landed.at, listed, etags_of(entries), has_requests, full)


@dataclass(frozen=True)
class WorkReport:
    """What came out.

    Attributes:
        run_ids: the runs, in their order.
        failed: a line for each run that failed, with the reason.
        checks: a line for each check that failed: what was found.
    """

    run_ids: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
