"""Sensors of the landing zone: which files are stable, and the one run that takes a batch of them.

Here: pure decisions and ten lines of plumbing. Not here: reading files (a sensor never hashes or
decompresses), when no run is requested (backoff.py), and rules of automation downstream (dbt_specs.DOWNSTREAM).
"""

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg

from vsf_assets.defs.backoff import TICK_SECONDS, backoff_reason, history_of_job
from vsf_assets.defs.raw_assets import as_config, etags_of, from_config, ingest_job_name
from vsf_assets.defs.repeated_requests import Repetition, read_requested, ready, still_requested, with_request
from vsf_assets.feeds import all_feeds, families
from vsf_assets.feeds.recognition import recognition_of
from vsf_assets.landing.home_marker import foreign
from vsf_assets.landing.multi_file_uploads import defer_incomplete, split_torn, upload_of
from vsf_assets.landing.pending import Ambiguous, ambiguous_lines
from vsf_assets.landing.stability import TimedListing, split_settled, timed_listing, without
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import lines
from vsf_assets.storage.open_writers import being_written

BATCH_FILES = 1000


def read_listing(cursor: str | None) -> TimedListing:
    """Return the listing of a cursor; an empty one, so that the tick lists again, if there is none or it is damaged."""
    try:
        kept = json.loads(cursor or "{}")
        timed = from_config(float(kept["at"]), kept["listing"], kept.get("etags", {}))
        return TimedListing(timed.at, timed.entries, {path: float(since) for path, since in kept["since"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return TimedListing(0.0, {})


def write_cursor(timed: TimedListing, requested: Mapping[str, Repetition] = MappingProxyType({})) -> str:
    """Return a cursor with a listing, cut to a batch, and the files that runs were requested for."""
    entries = list(timed.entries.values())[:BATCH_FILES]
    since = {entry.path: round(timed.first_seen(entry.path), 3) for entry in entries}
    kept: dict[str, Any] = {"at": timed.at, "listing": as_config(entries), "etags": etags_of(entries), "since": since}
    if requested:
        kept["requested"] = {
            e.path: [requested[e.path].times, requested[e.path].at] for e in entries if e.path in requested
        }
    return json.dumps(kept)


def landing_sensor(family: str) -> dg.SensorDefinition:
    """Return the sensor that requests one ingest run for a batch of stable files of a family."""
    names = {feed.name for feed in families()[family]}

    @dg.sensor(
        name=f"{family}_landing",
        job_name=ingest_job_name(family),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Notices stable files of {', '.join(sorted(names))} in the landing zone; one run takes a batch.",
    )
    def landing(
        context: dg.SensorEvaluationContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> dg.SensorResult | dg.SkipReason:
        with object_store.in_use():
            return _tick(context, warehouse, family, names)

    return landing


def _tick(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, family: str, names: set[str]
) -> dg.SensorResult | dg.SkipReason:
    """Decide on the feeds `names` of a family: a batch of stable files, or why there is none."""
    settings = warehouse.settings()
    landing_zone = open_store(settings.landing)
    listing = landing_zone.listing()
    entries, ambiguous = _of_feeds(split_torn(listing)[0], names)
    if settings.after_load == "keep":
        entries = _without_loaded(warehouse, entries)
    if not entries:
        return dg.SkipReason("; ".join(["nothing is pending", *lines(listing.left_out), *ambiguous_lines(ambiguous)]))
    earlier = read_listing(context.cursor)
    timed = timed_listing(entries, time.time(), earlier)
    requested = still_requested(read_requested(context.cursor), earlier, entries)
    stable, unsettled = split_settled(earlier, timed, settings.settle_seconds)
    stable, written = without(stable, being_written(landing_zone, stable))
    # Files may come with old times; an upload waits from when they were first seen.
    stable, _ = defer_incomplete(
        stable,
        [*unsettled, *written],
        lambda entry: max(entry.modified.timestamp(), timed.first_seen(entry.path)),
        timed.at,
        settings.dataset_wait_seconds,
    )
    wanted = ready(stable, requested, TICK_SECONDS, timed.at)
    history = history_of_job(context.instance, ingest_job_name(family))
    reason = backoff_reason(history) or _why_none(entries, stable, wanted, len(written)) or foreign(settings)
    if reason:
        return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=write_cursor(timed, requested))
    batch = wanted[:BATCH_FILES]
    return dg.SensorResult(
        run_requests=[_request(family, batch, wanted, timed.at - settings.settle_seconds)],
        cursor=write_cursor(timed, with_request(requested, batch, timed.at)),
    )


def _why_none(entries: list[Entry], stable: list[Entry], wanted: list[Entry], written: int) -> str | None:
    """Return why no run is asked for, or None."""
    if wanted:
        return None
    if not stable:
        still = f", of which {written} are open for writing" if written else ""
        return f"{len(entries)} files are not stable yet{still}"
    return (
        f"the last run left {len(stable)} files as they were; they are asked for again after a while. Its warnings"
        " and `vsf run` say why"
    )


def _request(family: str, batch: list[Entry], wanted: list[Entry], listed_at: float) -> dg.RunRequest:
    """Return the request of a run that takes a batch."""
    uploads = {key[1] for key in map(upload_of, wanted) if key is not None and key[1] is not None}
    config: dict[str, Any] = {"reload": "changed", "listed_at": listed_at}
    config |= {"listing": as_config(batch), "etags": etags_of(batch)}
    # Only whole uploads are asked for, so that the run does not wait for the others.
    config |= {"partitions": sorted(uploads)} if uploads else {}
    run_config: dict[str, Any] = {"ops": {f"{family}_files": {"config": config}}}
    return dg.RunRequest(run_config=run_config, tags={"vsf/files": str(len(batch))})


def _of_feeds(entries: list[Entry], names: set[str]) -> tuple[list[Entry], list[Ambiguous]]:
    """Return the entries of some feeds, and those that one of them and another feed claim; these stay."""
    feeds, own, ambiguous = all_feeds(), list[Entry](), list[Ambiguous]()
    for entry in entries:
        found = recognition_of(entry.path, feeds)
        if found.feed is not None and found.feed.name in names:
            own.append(entry)
        elif not names.isdisjoint(feed.name for feed in found.rivals):
            ambiguous.append(Ambiguous(entry, found.rivals))
    return own, ambiguous


def _without_loaded(warehouse: WarehouseResource, entries: list[Entry]) -> list[Entry]:
    """Drop what the ledger knows: with VSF_AFTER_LOAD=keep loaded files stay in the landing zone."""
    from vsf_assets.archive.kept_in_landing import unverified
    from vsf_assets.landing.pending import classify_landed
    from vsf_assets.warehouse.ledger import has_ledger, read_files

    settings = warehouse.settings()
    if not settings.warehouse_file.exists():
        return entries
    with warehouse.get_connection("sensor", read_only=True) as connection:
        known = {row.key for row in read_files(connection)} if has_ledger(connection) else set()
    queue = classify_landed(entries, known)
    return [item.entry for item in (*queue.new, *unverified(queue.known, settings))]
