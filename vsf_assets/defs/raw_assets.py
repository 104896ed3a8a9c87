"""Raw assets: one multi-asset per family, generated from the feed declarations.

Here: the specs, checks and configuration of the assets that ingest. Not here: the ingest (ingest/session.py). One run
loads a batch of files of any partitions. The assets are skippable and log materializations only for partitions with
loaded files, so the UI never shows a day without a file as materialized.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import dagster as dg
from pydantic import Field

from vsf_assets.archive.outdated_originals import lines_of_left
from vsf_assets.common.visible_text import visible
from vsf_assets.contracts import get_table
from vsf_assets.defs.empty_partitions import observe_empty
from vsf_assets.defs.ingest_events import asset_key, report_ingest
from vsf_assets.defs.metadata import contract_schema
from vsf_assets.defs.partitions import partitions_of
from vsf_assets.defs.run_reaper import mark_process
from vsf_assets.feeds import families, with_companions
from vsf_assets.feeds.feed import Feed
from vsf_assets.landing.selection import Selection
from vsf_assets.landing.stability import TimedListing, timed_listing
from vsf_assets.pipeline.ingest import RunReport, ingest
from vsf_assets.pipeline.recorded_run import INGEST, record_ingest, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.entry import EPOCH, Entry
from vsf_assets.storage.listing import lines
from vsf_assets.warehouse.contract_versions import contract_version_of

SHOWN_FAILURES = 10
WRITER_TAG = {"vsf/writer": "warehouse"}


class IngestConfig(dg.Config):
    """Configuration of an ingest run.

    Attributes:
        reload: which archived originals the run reads again: `if_idle` those of the partitions when nothing is pending
            (for runs from the UI), `changed` those whose contract changed, `all` every one.
        partitions: partition keys to load; empty for the partitions of the run, or for all.
        first, last: bounds of a range of partitions; an empty bound leaves that end open.
        profile: catalog source to scan; empty for VSF_PROFILE.
        scan_source: whether to scan the source; if not, the run loads only objects that are already in the inbox.
        listed_at: time of the sensor's listing (seconds since 1970), with `listing`.
        listing: path -> [bytes, modified microseconds since 1970] in the sensor's listing.
        etags: path -> ETag in the sensor's listing of an object store.
        fails_for_files: whether the run fails at its end if it could not read or move a file. Commands set it, to
            return an error. Sensors do not: failed runs would make the sensor pause, and delay the valid files.
    """

    reload: str = "if_idle"
    partitions: list[str] = Field(default_factory=list)
    first: str = ""
    last: str = ""
    profile: str = ""
    scan_source: bool = True
    listed_at: float = 0.0
    listing: dict[str, list[int]] = Field(default_factory=dict)
    etags: dict[str, str] = Field(default_factory=dict)
    fails_for_files: bool = False


def ingest_job_name(family: str) -> str:
    """Return the name of the job that ingests a family."""
    return f"ingest_{family}"


def ingest_assets(family: str) -> dg.AssetsDefinition:
    """Return the raw assets of a family with their checks."""
    feeds = families()[family]
    specs = [_spec(feed, table) for feed in feeds for table in feed.tables]
    checks = [check for feed in feeds for table in feed.tables for check in _check_specs(table)]

    @dg.multi_asset(
        name=f"{family}_files",
        specs=specs,
        check_specs=checks,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def ingest_files(
        context: dg.AssetExecutionContext,
        config: IngestConfig,
        warehouse: WarehouseResource,
        object_store: ObjectStoreResource,
    ) -> Iterator[dg.AssetCheckResult]:
        mark_process(context)
        settings = warehouse.settings()
        with (
            run_log(settings, context.run.run_id, context.log.info) as log,
            recorded_run(settings, context.run.run_id, INGEST, [family], warn=log) as record,
        ):
            with object_store.in_use():
                selection, run_id = _selection(context, config, feeds), context.run.run_id
                report = ingest(warehouse.warehouse(log), selection, run_id, log, _listing(config))
            record_ingest(record, report)
            for line in lines_of_left(report.left):
                log(f"left for a later run: {line}")
            for path, why in report.failed:
                log(f"failed: {path}: {why}")
            _warn(context, report)
            observe_empty(context, feeds, report, _requested_partitions(context))
            yield from report_ingest(context, warehouse, report, feeds)
            failed = report.failed if config.fails_for_files else report.breaking
            if failed:
                raise dg.Failure(_failures([report.why_failed(path, why) for path, why in failed]))

    return ingest_files


def _warn(context: dg.AssetExecutionContext, report: RunReport) -> None:
    """Log warnings for unreadable files, and for entries that were left out of the listing."""
    for path, why in report.failed:
        if path in report.unreadable:
            context.log.warning(visible(report.why_failed(path, why)))
    for line in lines(report.left_out):
        context.log.warning(line)


def _failures(failed: list[str]) -> str:
    """Return the failures in one line, at most `SHOWN_FAILURES` of them."""
    first = visible("; ".join(failed[:SHOWN_FAILURES]))
    return first + (f"; and {len(failed) - SHOWN_FAILURES} more" if len(failed) > SHOWN_FAILURES else "")


def _spec(feed: Feed, table_name: str) -> dg.AssetSpec:
    table = get_table(table_name)
    where = "look for the file in the landing zone with `vsf status`"
    if feed.is_fetched:
        where = "`vsf status` shows the objects to fetch and those that could not be fetched"
    return dg.AssetSpec(
        asset_key(table_name),
        description=f"{feed.description}\n\nOne row is {table.grain}; records with an error are in `raw.findings`. "
        f"When it is late: {where}.",
        group_name="raw",
        owners=[feed.owner],
        kinds={"duckdb", "polars"},
        code_version=contract_version_of(feed),
        partitions_def=partitions_of(feed.partitioning),
        metadata={"dagster/column_schema": contract_schema(table), "dagster/table_name": table_name},
        tags={"family": feed.family},
        freshness_policy=_freshness(feed),
        skippable=True,
    )


def _freshness(feed: Feed) -> dg.FreshnessPolicy | None:
    """Return the freshness policy of a regular feed: a warning after its time limit, a failure after twice that."""
    if not feed.late_after_hours:
        return None
    window = timedelta(hours=feed.late_after_hours)
    return dg.FreshnessPolicy.time_window(fail_window=2 * window, warn_window=window)


def _check_specs(table: str) -> list[dg.AssetCheckSpec]:
    key = asset_key(table)
    return [
        dg.AssetCheckSpec(
            "contract", asset=key, description="Every record of the batch fulfils the contract.", blocking=False
        ),
        dg.AssetCheckSpec(
            "row_conservation",
            asset=key,
            description="Records read = loaded + quarantined + blank + skipped, for every file of the batch.",
        ),
    ]


def _selection(context: dg.AssetExecutionContext, config: IngestConfig, feeds: tuple[Feed, ...]) -> Selection:
    names = [f.name for f in feeds if any(asset_key(t) in context.selected_asset_keys for t in f.tables)]
    partitions: list[str] | None = config.partitions or None
    if partitions is None:
        partitions = _requested_partitions(context) or None
    return Selection(
        with_companions(names),
        partitions,
        config.reload,
        config.first or None,
        config.last or None,
        config.profile or None,
        config.scan_source,
    )


def _requested_partitions(context: dg.AssetExecutionContext) -> list[str]:
    """Return the partitions that the UI or a backfill requested; empty for a run that loads what is pending."""
    return list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else []


def as_config(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """Return path -> [bytes, modified microseconds since 1970], for a cursor or the configuration of a run."""
    return {e.path: [e.size, (e.modified - EPOCH) // timedelta(microseconds=1)] for e in entries}


def etags_of(entries: Iterable[Entry]) -> dict[str, str]:
    """Return path -> ETag of the entries that have one; the counterpart of `as_config`."""
    return {e.path: e.etag for e in entries if e.etag}


def from_config(at: float, shown: Mapping[str, Sequence[int]], etags: Mapping[str, str]) -> TimedListing:
    """Return the listing that `as_config` and `etags_of` serialized."""
    entries = (
        Entry(path, size, EPOCH + timedelta(microseconds=modified), etag=etags.get(path, ""))
        for path, (size, modified) in shown.items()
    )
    return timed_listing(entries, at)


def _listing(config: IngestConfig) -> TimedListing | None:
    return from_config(config.listed_at, config.listing, config.etags) if config.listing else None
