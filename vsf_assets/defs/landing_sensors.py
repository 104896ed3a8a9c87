"""Sensors of the landing zone, one per family: each requests one run for a batch of stable files, or one per share.

Here: the decisions as pure functions, and the sensors with their cursors. Not here: reading files (a sensor neither
hashes nor decompresses them), shares and their runs (ingest_shares.py), the pause after failed runs (backoff.py), and
the automation of builds (dbt_specs.AFTER_INGEST).
"""

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import dagster as dg

from vsf_assets.config.settings import Settings
from vsf_assets.defs.backoff import TICK_SECONDS, backoff_reason, history_of_job
from vsf_assets.defs.ingest_shares import free_shares, history_of_shares, in_flight, share_request
from vsf_assets.defs.marts import publishing_job_name, publishing_request
from vsf_assets.defs.repeated_requests import Repetition, read_requested, ready, still_requested, with_request
from vsf_assets.defs.stopped_runs import files_at_rest
from vsf_assets.feeds import all_feeds, families
from vsf_assets.feeds.recognition import recognition_of
from vsf_assets.landing.home_marker import foreign
from vsf_assets.landing.multi_file_uploads import defer_incomplete, split_torn, upload_of
from vsf_assets.landing.pending import Ambiguous, ambiguous_lines
from vsf_assets.landing.serialized_listing import as_config, etags_of, from_config
from vsf_assets.landing.shared_listing import shared_listing
from vsf_assets.landing.stability import TimedListing, split_settled, timed_listing, without
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import lines
from vsf_assets.storage.open_writers import being_written
from vsf_assets.storage.s3_client import is_address

BATCH_FILES = 1000

PATIENCE = 1.5
"""How long a run waits for the new files that it was requested for, in multiples of VSF_SETTLE_SECONDS."""

WATCH_SECONDS, WATCH_EVERY = 4.5, 0.25
"""How long a tick watches a folder, and the time between two listings. Dagster starts ticks every 5 seconds."""


def read_listing(cursor: str | None) -> TimedListing:
    """Parse the listing in a cursor; a missing or invalid cursor gives an empty one, which costs one more tick."""
    try:
        kept = json.loads(cursor or "{}")
        timed = from_config(float(kept["at"]), kept["listing"], kept.get("etags", {}))
        return TimedListing(timed.at, timed.entries, {path: float(since) for path, since in kept["since"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return TimedListing(0.0, {})


def read_begun(cursor: str | None, entries: Iterable[Entry]) -> list[str]:
    """Parse the files that began a run before they were settled, as far as a listing still shows them."""
    try:
        kept = set(json.loads(cursor or "{}").get("begun", []))
    except (ValueError, TypeError, AttributeError):
        return []
    return [entry.path for entry in entries if entry.path in kept]


def write_cursor(
    timed: TimedListing,
    requested: Mapping[str, Repetition] = MappingProxyType({}),
    begun: Collection[str] = (),
) -> str:
    """Return a cursor with the first `BATCH_FILES` entries of a listing, and what was requested for them."""
    entries = list(timed.entries.values())[:BATCH_FILES]
    since = {entry.path: round(timed.first_seen(entry.path), 3) for entry in entries}
    kept: dict[str, Any] = {"at": timed.at, "listing": as_config(entries), "etags": etags_of(entries), "since": since}
    if requested:
        kept["requested"] = {
            e.path: [requested[e.path].times, requested[e.path].at] for e in entries if e.path in requested
        }
    if begun:
        kept["begun"] = sorted(begun)
    return json.dumps(kept)


def landing_sensor(family: str, built: Collection[dg.AssetKey], jobs: Sequence[Any] = ()) -> dg.SensorDefinition:
    """Return the sensor that requests runs for a batch of stable files of a family.

    One run loads the batch, builds and publishes; with VSF_INGEST_RUNS, several runs load a share of it each, and
    automation builds.

    Args:
        family: the family.
        built: the assets that the run builds after it loaded the files.
        jobs: the jobs that it may request; without them only the one that builds and publishes.
    """
    names = {feed.name for feed in families()[family]}

    target: dict[str, Any] = {"jobs": list(jobs)} if jobs else {"job_name": publishing_job_name(family)}

    @dg.sensor(
        name=f"{family}_landing",
        **target,
        minimum_interval_seconds=1,  # a tick watches until the next one is near
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches the landing zone for files of {', '.join(sorted(names))}, and requests one run for a"
        " batch of stable ones, which loads, builds and publishes.",
    )
    def landing(
        context: dg.SensorEvaluationContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> dg.SensorResult | dg.SkipReason:
        with object_store.in_use():
            return _watch(context, warehouse, family, built)

    return landing


def _watch(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, family: str, built: Collection[dg.AssetKey]
) -> dg.SensorResult | dg.SkipReason:
    """List the landing zone again and again, until a run is requested or the tick is over.

    A folder is listed four times a second, a bucket once a tick: each of its listings is a request that costs.
    """
    settings = warehouse.settings()
    watching = _Watching(context, warehouse, settings, family, built)
    end = time.monotonic() + (0 if is_address(settings.landing) else WATCH_SECONDS)
    while True:
        result = watching.list_once()
        if watching.has_requested or time.monotonic() + WATCH_EVERY > end:
            return result
        time.sleep(WATCH_EVERY)


class _Watching:
    """The listings of one tick of a sensor; each is compared with the one before it."""

    def __init__(
        self,
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        settings: Settings,
        family: str,
        built: Collection[dg.AssetKey],
    ) -> None:
        self._context, self._warehouse, self._settings = context, warehouse, settings
        self._family, self._built = family, built
        self._names = {feed.name for feed in families()[family]}
        self._cursor = context.cursor
        self._loaded: tuple[list[Entry], list[Entry]] | None = None
        self.has_requested = False

    def list_once(self) -> dg.SensorResult | dg.SkipReason:
        """List once; return the request for a batch of stable files, or the reason why there is none."""
        settings = self._settings
        landing_zone = open_store(settings.landing)
        listing = shared_listing(settings.landing, landing_zone)
        entries, ambiguous = _of_feeds(split_torn(listing)[0], self._names)
        if settings.after_load == "keep":
            entries = self._pending(entries)
        if not entries:
            reasons = ["nothing is pending", *lines(listing.left_out), *ambiguous_lines(ambiguous)]
            return dg.SkipReason("; ".join(reasons))
        earlier = read_listing(self._cursor)
        timed = timed_listing(entries, time.time(), earlier)
        requested = still_requested(read_requested(self._cursor), earlier, entries)
        begun = read_begun(self._cursor, entries)
        stable, unsettled = split_settled(earlier, timed, settings.settle_seconds)
        stable, written = without(stable, being_written(landing_zone, stable))
        wanted = ready(self._complete(stable, [*unsettled, *written], timed), requested, TICK_SECONDS, timed.at)
        if settings.ingest_runs > 1:
            reason = _skip_reason(entries, stable, wanted, len(written)) or foreign(settings)
            return self._share_out(reason, wanted, earlier, timed, requested)
        new = [] if wanted else self._begin(landing_zone, unsettled, stable, begun, timed)
        candidates = [*stable, *new]
        instance = self._context.instance
        reason = (
            (self._pause() if candidates else None)
            or files_at_rest(instance, self._family, candidates, earlier, timed, BATCH_FILES)
            or (None if new else _skip_reason(entries, stable, wanted, len(written)))
            or foreign(settings)
        )
        if reason:
            self._cursor = write_cursor(timed, requested, begun)
            return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=self._cursor)
        self.has_requested = True
        batch = (wanted or new)[:BATCH_FILES]
        if wanted:
            load = self._load(batch, timed.at - settings.settle_seconds)
            requested = with_request(requested, batch, timed.at)
        else:
            first_seen = max(timed.first_seen(entry.path) for entry in batch)
            load = self._load(batch, first_seen, PATIENCE * settings.settle_seconds)
            begun = [*begun, *(entry.path for entry in batch)]
        request = publishing_request(self._family, self._built, load)
        return dg.SensorResult(run_requests=[request], cursor=write_cursor(timed, requested, begun))

    def _share_out(
        self,
        reason: str | None,
        wanted: list[Entry],
        earlier: TimedListing,
        timed: TimedListing,
        requested: Mapping[str, Repetition],
    ) -> dg.SensorResult:
        """Return a request for each share with files and without a run, as far as further runs may be in flight."""
        instance, family, number = self._context.instance, self._family, self._settings.ingest_runs
        running, requests, rests = in_flight(instance, family), list[dg.RunRequest](), list[str]()
        reason = reason or backoff_reason(history_of_shares(instance, family, number, running))
        for share, held in [] if reason else free_shares(running, number, wanted):
            rest = files_at_rest(instance, family, held, earlier, timed, BATCH_FILES, share)
            if rest:
                rests.append(rest)
                continue
            batch = held[:BATCH_FILES]
            load = self._load(batch, timed.at - self._settings.settle_seconds)
            requests.append(share_request(family, share, load))
            requested = with_request(requested, batch, timed.at)
        self._cursor = write_cursor(timed, requested)
        if requests:
            self.has_requested = True
            return dg.SensorResult(run_requests=requests, cursor=self._cursor)
        reason = reason or "; ".join(rests) or "the runs in flight hold every file that is stable"
        return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=self._cursor)

    def _complete(self, stable: list[Entry], others: list[Entry], timed: TimedListing) -> list[Entry]:
        """Return the stable entries without those of an upload that waits for others of its files."""
        # Files may keep old modification times, so the wait of an upload starts when a listing first shows its files.
        complete, _ = defer_incomplete(
            stable,
            others,
            lambda entry: max(entry.modified.timestamp(), timed.first_seen(entry.path)),
            timed.at,
            self._settings.dataset_wait_seconds,
        )
        return complete

    def _begin(
        self, landing_zone: Store, unsettled: list[Entry], stable: list[Entry], begun: list[str], timed: TimedListing
    ) -> list[Entry]:
        """Return new files that a run may wait for while it starts, so that its start takes no time of its own.

        Each file begins a run once. If it still changes when that run wants to load it, the run leaves it, and the
        next run is requested when the file is settled.
        """
        fresh = [entry for entry in unsettled if entry.path not in begun]
        if not fresh or stable:
            return []
        fresh, _ = without(fresh, being_written(landing_zone, fresh))
        others = [entry for entry in unsettled if entry not in fresh]
        return self._complete(fresh, others, timed)

    def _pause(self) -> str | None:
        """Return why no run may be requested now, because of the last runs of the family."""
        return backoff_reason(history_of_job(self._context.instance, publishing_job_name(self._family)))

    def _pending(self, entries: list[Entry]) -> list[Entry]:
        """Return the entries without the loaded ones; the ledger is read again when the landing zone has changed."""
        if self._loaded is None or self._loaded[0] != entries:
            self._loaded = entries, _without_loaded(self._warehouse, entries)
        return self._loaded[1]

    def _load(self, batch: list[Entry], listed_at: float, patience: float = -1.0) -> dict[str, Any]:
        """Return what a run loads that gets a batch; see `IngestConfig` for time of the listing and patience."""
        uploads = {key[1] for key in map(upload_of, batch) if key is not None and key[1] is not None}
        load: dict[str, Any] = {"reload": "changed", "listed_at": listed_at, "patience": patience}
        load |= {"listing": as_config(batch), "etags": etags_of(batch)}
        # The batch holds complete uploads only; the run gets their keys, so that it does not wait for the others.
        return load | ({"partitions": sorted(uploads)} if uploads else {})


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
    if not warehouse.warehouse().exists:
        return entries
    with warehouse.get_connection("sensor", read_only=True) as connection:
        known = {row.key for row in read_files(connection)} if has_ledger(connection) else set()
    queue = classify_landed(entries, known)
    return [item.entry for item in (*queue.new, *unverified(queue.known, settings))]
