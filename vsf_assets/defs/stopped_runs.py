"""Runs that a person stopped: what they were to load rests until a person or a new file says otherwise.

Here: the tag of runs that ingest a family, and the decision as a pure function. Not here: the sensors that ask
(landing_sensors.py), pauses after failures (backoff.py), and builds that a person stopped (build_attempts.py).

A terminated run is canceled, also one that still waited, and so is a command that was ended by Ctrl-C; a run whose
process was killed is not. A run that ended with the service is canceled too, but no person stopped it: its files are
requested again. Deleting the run does not take the stop back (resources/run_storage.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg

from vsf_assets.feeds import families, recognize, with_companions
from vsf_assets.landing.shares import Share
from vsf_assets.landing.stability import TimedListing
from vsf_assets.resources.past_runs import PastRun, runs_tagged
from vsf_assets.resources.run_tags import INGESTS, SHARE
from vsf_assets.storage.entry import Entry

NEWEST_RUNS = 4
"""Newest runs for each share among which the newest run of a share is looked for."""


def ingests_tag(family: str) -> dict[str, str]:
    """Return the tag of every run that ingests a family, of whatever job."""
    return {INGESTS: family}


def mark_ingest(context: dg.AssetExecutionContext, family: str) -> None:
    """Tag the run as one that ingests a family: runs of the UI and of the command line have no tags of a job."""
    context.instance.add_run_tags(context.run.run_id, ingests_tag(family))


@dataclass(frozen=True)
class StoppedRun:
    """A run that a person stopped, and that is the newest run of its family.

    Attributes:
        ended: when it ended, in seconds since 1970.
        first, last: the partitions that it was to load, as a person or a backfill chose them; empty for every file that
            had landed.
        feeds: names of the feeds that it was to load; empty for all of the family.
    """

    ended: float
    first: str = ""
    last: str = ""
    feeds: frozenset[str] = frozenset()

    def covers(self, entry: Entry, seen: float) -> bool:
        """Return whether the run was to load a file in its present state, which was first seen at `seen`."""
        if max(seen, entry.modified.timestamp()) > self.ended:
            return False
        found = recognize(entry.path) if self.first or self.feeds else None
        if found is None:
            return True
        is_of_feed = not self.feeds or found[0].name in self.feeds
        return is_of_feed and (not self.first or self.first <= (found[1] or "") <= self.last)


def stopped_run(instance: dg.DagsterInstance, family: str, share: Share | None = None) -> StoppedRun | None:
    """Return the newest run that ingested a family, or a share of its files, if a person stopped it."""
    feeds = families()[family]
    assets = {dg.AssetKey(table.split(".")): feed.name for feed in feeds for table in feed.tables}
    newest = runs_tagged(instance, INGESTS, family, 1 if share is None else NEWEST_RUNS * share.of, assets)
    for run in [run for run in newest if share is None or run.tags.get(SHARE) in (None, str(share))][:1]:
        if run.is_stopped:
            selected = with_companions({assets[key] for key in run.assets if key in assets})
            return StoppedRun(run.ended or run.created, *_bounds(run), frozenset(selected))
    return None


def _bounds(run: PastRun) -> tuple[str, str]:
    """Return the first and last partition that a run of the UI or of a backfill was to load; empty for all."""
    only, of_range = run.tags.get("dagster/partition", ""), "dagster/asset_partition_range_"
    return run.tags.get(f"{of_range}start", only), run.tags.get(f"{of_range}end", only)


def rest_reason(
    stopped: StoppedRun | None, wanted: Sequence[Entry], seen: Callable[[Entry], float], family: str
) -> str | None:
    """Return why files that may be loaded are not requested: a person stopped the run that was to load all of them.

    Args:
        stopped: the newest run of the family, if a person stopped it.
        wanted: the files that could be requested.
        seen: returns when a file was first seen in its present state, in seconds since 1970.
        family: the family, for the message.
    """
    if stopped is None or not wanted or not all(stopped.covers(entry, seen(entry)) for entry in wanted):
        return None
    files = "this file" if len(wanted) == 1 else f"these {len(wanted)} files"
    return (
        f"a person stopped the run that was to load {files}; to load now: run vsf run, materialize a raw asset"
        f" of {family}, or land another file of {family}"
    )


def files_at_rest(
    instance: dg.DagsterInstance,
    family: str,
    wanted: Sequence[Entry],
    earlier: TimedListing,
    timed: TimedListing,
    kept: int,
    share: Share | None = None,
) -> str | None:
    """Return why a sensor requests no run for the files of a listing, or None if nothing of it is at rest.

    Args:
        instance: the instance with the runs.
        family: the family of the sensor.
        wanted: the files that the sensor could request.
        earlier: the listing in the cursor, which holds `kept` files at most.
        timed: the present listing.
        kept: number of files in a cursor; of further files the time of modification stands for the first sight.
        share: the share of the landing zone that holds these files; None where runs load all of it.
    """
    is_cut = len(earlier.entries) >= kept

    def seen(entry: Entry) -> float:
        is_known = entry.path in earlier.entries or not is_cut
        return timed.first_seen(entry.path) if is_known else entry.modified.timestamp()

    return rest_reason(stopped_run(instance, family, share), wanted, seen, family) if wanted else None
