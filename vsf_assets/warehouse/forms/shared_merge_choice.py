"""Which data files of a table in a shared lake are merged, or written anew, in one commit: few and small ones.

Here: the choice, by the catalog. Not here: the statements (shared_merge.py), and the locks (shared_upkeep.py).

Deliveries wait while a commit of maintenance goes on, so it is bounded. DuckLake bounds a merge by the size that the
files have together, and chooses them itself among those of a range of sizes. The smallest ones of a table give both
numbers: any files of the range that reach their size together are no more than they are.
"""

# ruff: noqa: S608 - the statements hold names of this module and of DuckLake's tables

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vsf_assets.warehouse.forms.lake_upkeep import LARGEST_MERGED, LEAST_DELETED

MOST_FILES = 100
"""Data files that are read in one commit: each takes a few requests of an object store."""
MOST_BYTES = LARGEST_MERGED
"""Size of these files together. Two are merged even if they are larger, and one is written anew."""

Query = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class MergeChoice:
    """What one commit takes.

    Attributes:
        smallest: size of the smallest files that may be merged, bytes.
        largest: size of the largest ones.
        enough: size from which on a merge takes no further file.
        files: names of the files that are written anew, without their deleted rows; empty for a merge.
        rows: how many rows they have left.
    """

    smallest: int = 0
    largest: int = 0
    enough: int = 0
    files: Sequence[str] = ()
    rows: int = 0

    def as_task(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return asdict(self)


def next_merge(query: Query, schema: str, table_id: int, above: int) -> MergeChoice | None:
    """Return the next small files of a table that may be merged; None if there are no two of them.

    Args:
        query: asks the catalog.
        schema: of the catalog.
        table_id: of the table.
        above: size of files that cannot be merged with smaller ones.
    """
    ((files, smallest, largest, total),) = query(
        f"""
        with
            small as (
                select file_size_bytes as size, data_file_id as id from {schema}.ducklake_data_file as files
                where table_id = %s and end_snapshot is null and file_size_bytes < %s and file_size_bytes > %s
                    and not exists (
                        select from {schema}.ducklake_delete_file as deleted
                        where deleted.data_file_id = files.data_file_id and deleted.end_snapshot is null
                    )
            ),
            in_order as (
                select size, row_number() over by_size as number, sum(size) over by_size as total
                from small window by_size as (order by size, id)
            )
        select count(*), min(size), max(size), sum(size)::bigint from in_order
        where number <= 2 or (number <= %s and total <= %s)
        """,
        [table_id, LARGEST_MERGED, above, MOST_FILES, MOST_BYTES],
    )
    return MergeChoice(smallest, largest, total) if files > 1 else None


def next_rewrite(query: Query, schema: str, table_id: int) -> MergeChoice | None:
    """Return some files of a table with the largest shares of deleted rows; None if too few rows are deleted of any."""
    found = query(
        f"""
        with
            shares as (
                select
                    deleted.delete_count::float8 / files.record_count as share, files.file_size_bytes as size,
                    files.record_count - deleted.delete_count as rows_left, files.path, files.data_file_id as id
                from {schema}.ducklake_data_file as files
                inner join {schema}.ducklake_delete_file as deleted using (data_file_id)
                where files.table_id = %s and files.end_snapshot is null and deleted.end_snapshot is null
                    and files.record_count > deleted.delete_count
            ),
            in_order as (
                select path, rows_left, row_number() over by_share as number, sum(size) over by_share as total
                from shares where share >= %s window by_share as (order by share desc, size, id)
            )
        select path, rows_left::bigint from in_order where number = 1 or (number <= %s and total <= %s) order by number
        """,
        [table_id, LEAST_DELETED, MOST_FILES, MOST_BYTES],
    )
    if not found:
        return None
    return MergeChoice(files=[path for path, _ in found], rows=sum(rows for _, rows in found))
