"""Who logs what Dagster shows of the ledger: an ingest for its files, any run for what an earlier one did not report.

Here: the texts and times of it. Not here: the events themselves (ledger_events.py), and the assets (raw_assets.py).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.common.errors import VsfError
from vsf_assets.common.visible_text import visible
from vsf_assets.defs.ledger_events import LedgerEvents, ledger_events
from vsf_assets.defs.metadata import evaluation_of, report_check
from vsf_assets.defs.partitions import note_first_day, partitions_of
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.ingest import RunReport
from vsf_assets.resources.run_tags import LOADED
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.ledger import FileRow

if TYPE_CHECKING:
    pass

MOST_PARTS = 500
"""Partitions that a run reports beside those of its files; each takes a few milliseconds."""

MOST_AT_STOP = 100
STOP_WAIT_SECONDS = 3.0
"""A run that is stopped has ten seconds to end."""

_LONGEST_TAG = 80


def loaded_text(stored: Sequence[FileRow]) -> str:
    """Return what a run stored, in a few words: the name of one file, or the number of files of each feed."""
    if not stored:
        return "nothing"
    feeds = Counter(row.feed for row in stored)
    text = visible(stored[0].file_name) if len(stored) == 1 else ", ".join(f"{n} {feed}" for feed, n in feeds.items())
    text = text if len(text) <= _LONGEST_TAG else text[: _LONGEST_TAG - 1] + "…"
    others = Counter(row.status for row in stored if row.status != "loaded")
    return text + (f" ({', '.join(f'{n} {status}' for status, n in others.items())})" if others else "")


def report_ingest(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, report: RunReport, feeds: tuple[Feed, ...]
) -> Iterator[dg.AssetCheckResult]:
    """Log a materialization per table and partition with loaded files, and yield the results of the checks.

    Files that an earlier run stored and did not report are among them.
    """
    context.instance.add_run_tags(context.run.run_id, {LOADED: loaded_text(report.stored)})
    if not report.stored:
        context.log.info("no file was pending")
        if not warehouse.warehouse().exists:
            return
    with warehouse.get_connection("previews", read_only=True, on_wait=context.log.info) as connection:
        events = ledger_events(context.instance, connection, feeds, report, maximum=MOST_PARTS)
        _note_first_day(context, connection, warehouse, feeds)
    for materialization in events.materializations:
        context.log_event(materialization)
    for result in events.checks:
        yield from report_check(context, result)


def report_checks(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, feeds: Collection[Feed]
) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of the checks that a run selects without their assets, on all files of these."""
    with warehouse.get_connection("checks", read_only=True, on_wait=context.log.info) as connection:
        events = ledger_events(context.instance, connection, feeds, maximum=0, is_checked=True)
    for result in events.checks:
        if dg.AssetCheckKey(result.asset_key, result.check_name) in context.selected_asset_check_keys:  # type: ignore[arg-type]
            yield result


def report_ledger(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    warehouse: WarehouseResource,
    feeds: Collection[Feed],
    maximum: int = MOST_PARTS,
    is_checked: bool = False,
) -> None:
    """Log what Dagster does not know of the ledger, in a run that is not about these feeds.

    Args:
        context: the context of the step.
        warehouse: the warehouse.
        feeds: the feeds that are compared.
        maximum: highest number of partitions.
        is_checked: whether the checks are evaluated on all files, and not only on those of these partitions.
    """
    if not feeds:
        return
    with warehouse.get_connection("previews", read_only=True, on_wait=context.log.info) as connection:
        events = ledger_events(context.instance, connection, feeds, maximum=maximum, is_checked=is_checked)
    log_events(context, events)


@contextmanager
def reported_when_stopped(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, feeds: Collection[Feed]
) -> Iterator[None]:
    """Log what the block stored if it is stopped or fails; what cannot be logged now is logged by the next run."""
    try:
        yield
    except BaseException:
        patience = replace(warehouse.settings(), lock_wait_seconds=STOP_WAIT_SECONDS)
        with suppress(VsfError, OSError), Warehouse.of(patience).read("previews") as connection:
            if connection is not None:
                events = ledger_events(context.instance, connection, feeds, maximum=MOST_AT_STOP)
                log_events(context, events)
        raise


def log_events(context: dg.AssetExecutionContext | dg.OpExecutionContext, events: LedgerEvents) -> None:
    """Log events in a run that does not select their assets and checks."""
    for event in all_events(events):
        context.log_event(event)  # type: ignore[arg-type]  # an op logs results of checks too


def all_events(events: LedgerEvents) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Yield materializations, and results of checks in the form of runs that do not select the checks."""
    yield from events.materializations
    yield from map(evaluation_of, events.checks)


def _note_first_day(
    context: dg.AssetExecutionContext, connection: Any, warehouse: WarehouseResource, feeds: tuple[Feed, ...]
) -> None:
    """Note the first day that the UI shows after its next start."""
    names = [feed.name for feed in feeds if isinstance(partitions_of(feed.partitioning), dg.DailyPartitionsDefinition)]
    if not names:
        return
    sql = "select min(partition_key) from raw.files where list_contains(?, feed) and status = 'loaded'"
    found = connection.execute(sql, [names]).fetchall()
    if earlier := note_first_day(warehouse.settings().home, (day for (day,) in found if day)):
        context.log.info(f"the UI shows {earlier} after the next start of the service; with vsf dev, after Reload")
