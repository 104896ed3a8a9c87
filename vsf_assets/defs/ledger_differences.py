"""Differences between the ledger and the partitions that Dagster shows as materialized.

Here: the states of both, as digests, and their difference as a pure function. Not here: the events that remove the
difference (ingest_events.py).

A run that is stopped after it stored files, and before it told Dagster, leaves days that are loaded and look missing;
so do `dagster run wipe`, a wiped asset, a restored warehouse and a rebuild. So the runs and the backstop compare both.
Each materialization carries a digest of the files of its partition as Dagster's data version.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg

from vsf_assets.defs.partitions import dynamic_partitions_name, partitions_of
from vsf_assets.feeds.feed import Feed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.warehouse.ledger import FileRow

DATA_VERSION = "dagster/data_version"
"""Tag of a materialization that Dagster keeps in an index by partition."""

UNKNOWN = ""
"""Digest of a materialization without one, as earlier releases logged them."""

Part = tuple[str, str | None]
"""A table as `schema.name`, and one of its partitions; None for a table without partitions."""


@dataclass(frozen=True)
class LoadedFile:
    """What decides the state of a partition about one of its loaded files."""

    feed: str
    partition_key: str | None
    file_name: str
    file_id: int
    sha256: str
    contract_version: str


@dataclass(frozen=True)
class Differences:
    """What the events of a run have to mend.

    Attributes:
        unreported: parts whose materialization is missing, or is about other files, newest partition first.
        gone: parts that Dagster shows and the ledger does not hold.
    """

    unreported: list[Part] = field(default_factory=list)
    gone: list[Part] = field(default_factory=list)


def read_loaded(connection: "DuckDBPyConnection", feeds: Iterable[Feed]) -> list[LoadedFile]:
    """Return the loaded files of some feeds from the ledger."""
    rows = connection.execute(
        "select feed, partition_key, file_name, file_id, sha256, contract_version from raw.files"
        " where status = 'loaded' and list_contains(?, feed)",
        [[feed.name for feed in feeds]],
    ).fetchall()
    return [LoadedFile(*row) for row in rows]


def loaded_of(rows: "Iterable[FileRow]") -> list[LoadedFile]:
    """Return the loaded files among ledger rows that are already read."""
    return [
        LoadedFile(row.feed, row.partition_key, row.file_name, row.file_id, row.sha256, row.contract_version)
        for row in rows
        if row.status == "loaded"
    ]


def stored_states(files: Iterable[LoadedFile], feeds: Iterable[Feed]) -> dict[Part, str]:
    """Return part -> digest of its loaded files, whatever their order and the runs that loaded them."""
    by_name = {feed.name: feed for feed in feeds}
    parts: dict[Part, list[str]] = {}
    for file in files:
        feed = by_name.get(file.feed)
        if feed is None:
            continue
        partition = file.partition_key if partitions_of(feed.partitioning) is not None else None
        if partition is None and partitions_of(feed.partitioning) is not None:
            continue  # a file of no partition is not loaded into one
        for table in feed.tables_of(file.file_name):
            state = f"{file.file_id}:{file.sha256}:{file.contract_version}"
            parts.setdefault((table, partition), []).append(state)
    return {part: hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16] for part, found in parts.items()}


def shown_states(instance: dg.DagsterInstance, feeds: Iterable[Feed]) -> dict[Part, str]:
    """Return part -> digest of the newest materialization that Dagster shows."""
    shown: dict[Part, str] = {}
    feeds = list(feeds)
    whole = [table for feed in feeds for table in feed.tables if partitions_of(feed.partitioning) is None]
    for key, event in instance.get_latest_materialization_events([_key(table) for table in whole]).items():
        if event is not None and event.asset_materialization is not None:
            shown[".".join(key.path), None] = (event.asset_materialization.tags or {}).get(DATA_VERSION, UNKNOWN)
    for feed in feeds:
        for table in feed.tables if partitions_of(feed.partitioning) is not None else ():
            key = _key(table)
            tags = instance.event_log_storage.get_latest_tags_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION]
            )
            for partition in instance.get_materialized_partitions(key):
                shown[table, partition] = tags.get(partition, {}).get(DATA_VERSION, UNKNOWN)
    return shown


def _key(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("."))


def differences(stored: Mapping[Part, str], shown: Mapping[Part, str]) -> Differences:
    """Compare the states of some tables; nothing is gone where the ledger holds nothing at all."""
    unreported = [part for part, digest in stored.items() if shown.get(part) != digest]
    gone = [part for part in shown if part not in stored and part[1] is not None] if stored else []
    return Differences(sorted(unreported, key=_newest_first, reverse=True), sorted(gone, key=_newest_first))


def _newest_first(part: Part) -> tuple[str, str]:
    return (part[1] or "", part[0])


def missing_dynamic_partitions(
    instance: dg.DagsterInstance, stored: Iterable[Part], feeds: Iterable[Feed]
) -> dict[str, list[str]]:
    """Return name of dynamic partitions -> keys that the ledger holds and Dagster does not."""
    parts, missing = list(stored), dict[str, list[str]]()
    for feed in feeds:
        name = dynamic_partitions_name(feed.partitioning)
        if name is not None:
            held = {partition for table, partition in parts if table in feed.tables and partition is not None}
            known = set(instance.get_dynamic_partitions(name)) if held else set()
            missing.setdefault(name, []).extend(sorted(held - known))
    return {name: keys for name, keys in missing.items() if keys}
