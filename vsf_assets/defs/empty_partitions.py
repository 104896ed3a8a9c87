"""Requested partitions without a file: an ingest run records them as an observation, not as materialized.

Here: finding these partitions, logging the observation, and reading it back. Not here: the status of the backfill that
requested them (recovery_sensors.py), and partitions with files (ingest_events.py).
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from vsf_assets.feeds import recognize
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.ingest import RunReport

WITHOUT_FILE = "partitions_without_file"
"""Name of the metadata entry of an observation that holds the partition keys."""

SHOWN = 10


def without_file(requested: Sequence[str], feed: Feed, table: str, report: RunReport) -> list[str]:
    """Return the requested partitions of a table for which the run found no file to load.

    A partition whose files were all loaded before counts as one of them. A partition with a file that the run could not
    read, or left for a later run, does not: it has a file, and a person may have to act. If no feed
    recognizes a file that the run left or failed to load, the partition of that file is unknown, and the result is
    empty.

    Args:
        requested: keys of the requested partitions.
        feed: the feed that fills the table.
        table: name of the table, such as raw.events.
        report: result of the run.
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
            return []  # the partition of this file is unknown
        with_file |= {recognized[1]} if recognized[0].name == feed.name else set()
    return [key for key in requested if key not in with_file]


def observe_empty(
    context: dg.AssetExecutionContext, feeds: Iterable[Feed], report: RunReport, requested: Sequence[str]
) -> None:
    """Log the requested partitions without a file, as one observation per selected asset."""
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
    """Return asset key -> partitions for which a run recorded that there is no file."""
    found: dict[dg.AssetKey, list[str]] = {}
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION).records
    for record in records:
        event = record.event_log_entry.dagster_event
        observation = event.asset_observation_data.asset_observation if event else None
        keys = observation.metadata.get(WITHOUT_FILE) if observation else None
        if observation is not None and isinstance(keys, dg.JsonMetadataValue) and isinstance(keys.data, list):
            found[observation.asset_key] = [str(key) for key in keys.data]
    return found
