"""The ingest of a family inside a Dagster step: its configuration, the selection of files, and its events.

Here: what the assets that only ingest (raw_assets.py) and the runs that ingest, build and publish (marts.py) share. Not
here: the ingest itself (pipeline/ingest.py), and the events of its report (ingest_events.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from vsf_assets.archive.outdated_originals import lines_of_left
from vsf_assets.common.visible_text import visible
from vsf_assets.defs.empty_partitions import observe_empty
from vsf_assets.defs.ingest_events import report_ingest, reported_when_stopped
from vsf_assets.defs.ledger_events import asset_key
from vsf_assets.defs.stopped_runs import mark_ingest
from vsf_assets.feeds import with_companions
from vsf_assets.feeds.feed import Feed
from vsf_assets.landing.selection import Selection
from vsf_assets.landing.serialized_listing import from_config
from vsf_assets.landing.shares import parse_share
from vsf_assets.landing.stability import TimedListing
from vsf_assets.pipeline.ingest import RunReport, ingest
from vsf_assets.pipeline.recorded_run import record_ingest
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.runs.run_record import RunRecord
from vsf_assets.storage.listing import lines

SHOWN_FAILURES = 10


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
        share: the share of the landing zone to load, as `2/8`; empty for all of it.
        patience: seconds after which files that still change are left for a later run; negative for VSF_SETTLE_TIMEOUT.
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
    patience: float = -1.0
    share: str = ""


@dataclass(frozen=True)
class IngestStep:
    """The ingest of some feeds in a step of a run.

    Attributes:
        context: the context of the step.
        config: what the run loads.
        feeds: the feeds that it loads.
        log: receives progress messages.
    """

    context: dg.AssetExecutionContext
    config: IngestConfig
    feeds: tuple[Feed, ...]
    log: Callable[[str], None]

    def load(self, warehouse: WarehouseResource, object_store: ObjectStoreResource, record: RunRecord) -> RunReport:
        """Load the files, and log what was left, what failed, and which requested partitions have no file.

        The record of the run gets the numbers of files, also if the run is stopped.

        Raises:
            LockTimeoutError, VsfError, OSError: as `pipeline.ingest.ingest`.
        """
        context, config, report = self.context, self.config, RunReport()
        mark_ingest(context, self.feeds[0].family)
        with object_store.in_use(), reported_when_stopped(context, warehouse, self.feeds):
            selection = _selection(context, config, self.feeds)
            patience = None if config.patience < 0 else config.patience
            loads = warehouse.warehouse(self.log)
            try:
                ingest(loads, selection, context.run.run_id, self.log, _listing(config), patience, report)
            finally:
                record_ingest(record, report)
        for line in lines_of_left(report.left):
            self.log(f"left for a later run: {line}")
        for path, why in report.failed:
            self.log(f"failed: {path}: {why}")
        _warn(context, report)
        observe_empty(context, self.feeds, report, requested_partitions(context))
        return report

    def events(self, warehouse: WarehouseResource, report: RunReport) -> Iterator[dg.AssetCheckResult]:
        """Log the materializations of a report, and yield or log the results of the checks."""
        yield from report_ingest(self.context, warehouse, report, self.feeds)

    def failure(self, report: RunReport) -> str | None:
        """Return why the run has to fail, in one line; None if it need not."""
        failed = report.failed if self.config.fails_for_files else report.breaking
        return _failures([report.why_failed(path, why) for path, why in failed]) if failed else None


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


def _selection(context: dg.AssetExecutionContext, config: IngestConfig, feeds: tuple[Feed, ...]) -> Selection:
    selected = context.selected_asset_keys
    names = [f.name for f in feeds if any(asset_key(t) in selected for t in f.tables)] or [f.name for f in feeds]
    partitions: list[str] | None = config.partitions or None
    if partitions is None:
        partitions = requested_partitions(context) or None
    return Selection(
        with_companions(names),
        partitions,
        config.reload,
        config.first or None,
        config.last or None,
        config.profile or None,
        config.scan_source,
        parse_share(config.share) if config.share else None,
    )


def requested_partitions(context: dg.AssetExecutionContext) -> list[str]:
    """Return the partitions that the UI or a backfill requested; empty for a run that loads what is pending."""
    return list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else []


def _listing(config: IngestConfig) -> TimedListing | None:
    return from_config(config.listed_at, config.listing, config.etags) if config.listing else None
