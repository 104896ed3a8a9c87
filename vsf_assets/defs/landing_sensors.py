"""Sensors of the landing zone, one per family: each requests one run for a batch of stable files.

Here: the decisions as pure functions, and the sensors with their cursors. Not here: reading files (a sensor neither
hashes nor decompresses them), the pause after failed runs (backoff.py), and the automation of builds
(dbt_specs.AFTER_INGEST).
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
    """Parse the listing in a cursor; a missing or invalid cursor gives an empty one, which costs one more tick."""
    try:
        kept = json.loads(cursor or "{}")
        timed = from_config(float(kept["at"]), kept["listing"], kept.get("etags", {}))
        return TimedListing(timed.at, timed.entries, {path: float(since) for path, since in kept["since"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return TimedListing(0.0, {})


def write_cursor(timed: TimedListing, requested: Mapping[str, Repetition] = MappingProxyType({})) -> str:
    """Return a cursor with the first `BATCH_FILES` entries of a listing and the earlier requests for them."""
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
        description=f"Requests one run for a batch of stable files of {', '.join(sorted(names))} in the landing zone.",
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
    """Return the request for a batch of stable files of the feeds `names`, or the reason why there is none."""
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
    # Files may keep old modification times, so the wait of an upload starts when a listing first shows its files.
    stable, _ = defer_incomplete(
        stable,
        [*unsettled, *written],
        lambda entry: max(entry.modified.timestamp(), timed.first_seen(entry.path)),
        timed.at,
        settings.dataset_wait_seconds,
    )
    wanted = ready(stable, requested, TICK_SECONDS, timed.at)
    history = history_of_job(context.instance, ingest_job_name(family))
    reason = backoff_reason(history) or _skip_reason(entries, stable, wanted, len(written)) or foreign(settings)
    if reason:
        return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=write_cursor(timed, requested))
    batch = wanted[:BATCH_FILES]
    return dg.SensorResult(
        run_requests=[_request(family, batch, wanted, timed.at - settings.settle_seconds)],
        cursor=write_cursor(timed, with_request(requested, batch, timed.at)),
    )


def _skip_reason(entries: list[Entry], stable: list[Entry], wanted: list[Entry], written: int) -> str | None:
    """Return why no run is requested, or None if one is."""
    if wanted:
        return None
    if not stable:
        still = f"; another process has {written} of them open for writing" if written else ""
        return f"{len(entries)} files are not stable yet{still}"
    return (
        f"the last run did not load {len(stable)} files; the sensor requests them again after a pause. The warnings of"
        " that run and `vsf run` say why"
    )


def _request(family: str, batch: list[Entry], wanted: list[Entry], listed_at: float) -> dg.RunRequest:
    """Return the request of a run that loads a batch."""
    uploads = {key[1] for key in map(upload_of, wanted) if key is not None and key[1] is not None}
    config: dict[str, Any] = {"reload": "changed", "listed_at": listed_at}
    config |= {"listing": as_config(batch), "etags": etags_of(batch)}
    # The batch holds complete uploads only; the run gets their keys, so that it does not wait for the others.
    config |= {"partitions": sorted(uploads)} if uploads else {}
    run_config: dict[str, Any] = {"ops": {f"{family}_files": {"config": config}}}
    return dg.RunRequest(run_config=run_config, tags={"vsf/files": str(len(batch))})


def _of_feeds(entries: list[Entry], names: set[str]) -> tuple[list[Entry], list[Ambiguous]]:
    """Return the entries of the feeds `names`, and the ambiguous entries, which no run loads."""
    feeds, own, ambiguous = all_feeds(), list[Entry](), list[Ambiguous]()
    for entry in entries:
        found = recognition_of(entry.path, feeds)
        if found.feed is not None and found.feed.name in names:
            own.append(entry)
        elif not names.isdisjoint(feed.name for feed in found.rivals):
            ambiguous.append(Ambiguous(entry, found.rivals))
    return own, ambiguous


def _without_loaded(warehouse: WarehouseResource, entries: list[Entry]) -> list[Entry]:
    """Drop the files that the ledger records: with VSF_AFTER_LOAD=keep, loaded files stay in the landing zone."""
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
