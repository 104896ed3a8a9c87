"""Differences between the warehouse's built tables, the snapshot, and what Dagster shows of them.

Here: the events that remove the difference. Not here: raw tables and their partitions (ledger_differences.py), and the
events of a build (build_events.py).

A build logs its events after dbt has ended. A build that is stopped leaves new tables and old counts; a wiped asset, a
deleted run and a restored home leave none or other ones. Row counts and the number of the snapshot are compared.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.defs import code_versions
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.metadata import PREVIEW_ROWS, markdown_table, stored_schema
from vsf_assets.snapshots.current import Snapshot, snapshot_bytes, snapshot_number

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS, NUMBER = "dagster/row_count", "snapshot"
"""The entries of the metadata that are compared."""

Shown = Mapping[dg.AssetKey, dg.EventLogEntry | None]


def table_events(
    connection: "DuckDBPyConnection", rows: Mapping[str, int], shown: Shown, versions: Mapping[dg.AssetKey, str | None]
) -> Iterator[dg.AssetMaterialization]:
    """Yield a materialization for each built table whose row count Dagster does not show.

    Args:
        connection: the warehouse.
        rows: `schema.table` -> its rows.
        shown: asset -> its newest materialization.
        versions: asset of a model -> its code version; None if the table may be of other code.
    """
    for key, version in versions.items():
        table = ".".join(key.path)
        if table not in rows or _shown(shown.get(key), ROWS) == rows[table]:
            continue
        preview = connection.table(table).limit(PREVIEW_ROWS)
        metadata: dict[str, Any] = {
            "preview": markdown_table(preview.columns, preview.fetchall()),
            ROWS: rows[table],
            "dagster/column_schema": stored_schema(
                [(name, str(kind).lower()) for name, kind in zip(preview.columns, preview.types, strict=True)]
            ),
        }
        yield dg.AssetMaterialization(key, metadata=metadata, tags={code_versions.TAG: version} if version else None)


def snapshot_events(snapshot: Snapshot | None, shown: Shown) -> Iterator[dg.AssetMaterialization]:
    """Yield a materialization of the current snapshot if Dagster shows another one, or none."""
    number = snapshot_number(snapshot)
    if snapshot is not None and _shown(shown.get(SNAPSHOT), NUMBER) != number:
        metadata: dict[str, Any] = {NUMBER: number, "file": snapshot.name, "bytes": snapshot_bytes(snapshot)}
        yield dg.AssetMaterialization(SNAPSHOT, metadata=metadata)


def _shown(event: dg.EventLogEntry | None, name: str) -> Any:
    """Return the value of an entry of a materialization's metadata; None without it."""
    found = event.asset_materialization.metadata.get(name) if event and event.asset_materialization else None
    return found.value if found is not None else None
