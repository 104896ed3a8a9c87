"""Upkeep of a lake on this machine: merges small data files, and removes files that nothing names any more.

Here: the statements, and the rule by which files go. Not here: when, and the lock (retention/maintain.py), and the
catalog that takes the place of the one before (local_lake.py).

A data file goes when no catalog names it, neither the one of the warehouse nor a published one, and when that was
already so an hour before: whoever opened a snapshot that was removed since has this time to end. When each file was
first found unnamed stands in a file of the home. DuckLake's own removal knows nothing of published catalogs.
"""

import json
import os
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.common.duckdb_connections import connect
from vsf_assets.warehouse.forms import lake_index as index

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOTES = "lake-unnamed.json"
"""File beside the catalog: path of a data file below the lake -> since when nothing names it, seconds since 1970."""

GRACE = 3600.0
"""Seconds for which a file stays after it was found that nothing names it."""

LARGEST_MERGED = 64 * 1024 * 1024
"""Bytes of the largest file that is merged with others: larger ones would be written again each time."""

LEAST_DELETED = 0.1
"""Share of deleted rows from which a data file is written anew."""

_SEVERAL = """
    with
        data as (select table_id, count(*) as files from ducklake_data_file where end_snapshot is null group by all),
        deleted as (select distinct table_id from ducklake_delete_file where end_snapshot is null)
    select schema_name, table_name from ducklake_schema as schemas
    inner join ducklake_table as tables using (schema_id)
    inner join data using (table_id)
    where schemas.end_snapshot is null and tables.end_snapshot is null
        and (files > 1 or table_id in (select table_id from deleted))
    order by all
"""


def tables_with_several_files(file: Path) -> list[tuple[str, str]]:
    """Return (schema, name) of the tables with more than one data file, or with deleted rows."""
    with closing(connect(file, read_only=True)) as connection:
        return connection.execute(_SEVERAL).fetchall()


def merge_files(connection: "DuckDBPyConnection", name: str, tables: Iterable[tuple[str, str]]) -> None:
    """Merge the small data files of tables, and forget all versions of a catalog but the newest.

    Args:
        connection: with the catalog attached for writing.
        name: of its database.
        tables: (schema, name) of each.
    """
    for schema, table in tables:
        place = f"'{name}', '{table}', schema => '{schema}'"
        connection.execute(f"call ducklake_rewrite_data_files({place}, delete_threshold => {LEAST_DELETED})").fetchall()
        connection.execute(f"call ducklake_merge_adjacent_files({place}, max_file_size => {LARGEST_MERGED})").fetchall()
    found = connection.execute("select snapshot_id from ducklake_snapshots(?) order by 1", [name]).fetchall()
    if old := [number for (number,) in found[:-1]]:
        connection.execute(f"call ducklake_expire_snapshots('{name}', versions => {old})").fetchall()


def forget_scheduled(file: Path) -> None:
    """Empty the list of files that DuckLake would remove: `remove_unnamed` finds them by itself."""
    with closing(connect(file)) as connection:
        connection.execute("delete from ducklake_files_scheduled_for_deletion")
        connection.execute("checkpoint")


def remove_unnamed(lake: Path, indexes: Iterable[Path], notes: Path, now: float, dry_run: bool = False) -> list[int]:
    """Remove the data files that no catalog has named for an hour; return their sizes in bytes.

    Args:
        lake: folder of all data files; nobody writes to it meanwhile.
        indexes: catalogs of the warehouse, and the published ones.
        notes: the file that says since when files are unnamed; it is written anew.
        now: seconds since 1970.
        dry_run: whether to remove and note nothing.

    Raises:
        duckdb.Error, OSError: a catalog cannot be read; then no file was removed.
    """
    generations = {one: lake / index.generation_of(one) for one in indexes}
    named = {path for one, data in generations.items() for path in index.files_since(one, data)}
    before, unnamed, sizes = _read(notes), {}, []
    for path in sorted(lake.glob("g*/**/*.parquet")):
        if path in named:
            continue
        key = str(path.relative_to(lake))
        since = min(before.get(key, now), now)
        if now - since < GRACE:
            unnamed[key] = since
            continue
        sizes.append(path.stat().st_size)
        if not dry_run:
            path.unlink()
    if not dry_run:
        atomic_write(notes, json.dumps(unnamed).encode())
        _remove_empty_folders(lake, {lake, *generations.values()})
    return sizes


def _remove_empty_folders(lake: Path, kept: Collection[Path]) -> None:
    """Remove the folders of tables and generations that hold nothing any more.

    Those that a catalog is of are kept: a new warehouse has tables and no rows, and a missing folder counts as lost.
    """
    for folder, _, _ in os.walk(lake, topdown=False):
        path = Path(folder)
        if path not in kept and not any(path.iterdir()):
            path.rmdir()


def _read(notes: Path) -> dict[str, float]:
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
        return {str(key): float(since) for key, since in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}  # then every file has another hour
