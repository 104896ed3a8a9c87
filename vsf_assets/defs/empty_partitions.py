"""Partitions that a run was asked for and found no file of: said by an observation, never shown as materialized.

Here: which partitions these are, the observation that names them, and reading it back. Not here: what becomes of the
backfill that asked for them (recovery_sensors.py), and partitions that got files (ingest_events.py).
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from vsf_assets.feeds import recognize
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.ingest import RunReport

WITHOUT_FILE = "partitions_without_file"
"""Entry of an observation's metadata that holds the keys."""

SHOWN = 10


def without_file(requested: Sequence[str], feed: Feed, table: str, report: RunReport) -> list[str]:
    """Return the partitions of a table that a run was asked for and had nothing to load for.

    A partition with a file that could not be read, or that was left for a later run, is none of them: there is
    something to look at. One whose files are all loaded already is.

    Args:
        requested: keys of the partitions.
        feed: that fills the table.
        table: its name, like raw.events.
        report: what the run did.
    """
    with_file = {
        row.partition_key
        for row in report.stored
        if row.feed == feed.name
        and row.status != "duplicate_file"
        and (not feed.members or table in feed.tables_of(row.file_name))
    }
    for path, _ in (*report.left, *report.failed):
        recognized = recognize(path)
        if recognized is None:
            return []  # its partition is unknown
        with_file |= {recognized[1]} if recognized[0].name == feed.name else set()
    return [key for key in requested if key not in with_file]


def observe_empty(
    context: dg.AssetExecutionContext, feeds: Iterable[Feed], report: RunReport, requested: Sequence[str]
) -> None:
    """Log which of the partitions that Dagster asked for had no file, an observation per selected asset."""
    for feed in feeds:
        for table in feed.tables:
            key = dg.AssetKey(table.split("."))
            empty = without_file(requested, feed, table, report) if key in context.selected_asset_keys else []
            if not empty:
                continue
            shown = ", ".join(empty[:SHOWN]) + (f" and {len(empty) - SHOWN} more" if len(empty) > SHOWN else "")
            context.log.info(f"{table}: no file for {len(empty)} of {len(requested)} partitions: {shown}")
            metadata = {WITHOUT_FILE: dg.MetadataValue.json(empty)}
            context.log_event(dg.AssetObservation(key, description=f"no file for {shown}", metadata=metadata))


def observed_empty(instance: dg.DagsterInstance, run_id: str) -> dict[dg.AssetKey, list[str]]:
    """Return asset -> partitions that a run found no file of."""
    found: dict[dg.AssetKey, list[str]] = {}
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION).records
    for record in records:
        event = record.event_log_entry.dagster_event
        observation = event.asset_observation_data.asset_observation if event else None
        keys = observation.metadata.get(WITHOUT_FILE) if observation else None
        if observation is not None and isinstance(keys, dg.JsonMetadataValue) and isinstance(keys.data, list):
            found[observation.asset_key] = [str(key) for key in keys.data]
    return found
