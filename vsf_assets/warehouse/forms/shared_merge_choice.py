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
        deleted: share of deleted rows from which files are written anew; 0 for a merge.
    """

    smallest: int = 0
    largest: int = 0
    enough: int = 0
    deleted: float = 0.0

    def as_task(self) -> dict[str, float]:
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
    """Return the files of a table with the most deleted rows; None if too few rows are deleted of any.

    Files with the same share of deleted rows go together, however many they are: DuckLake knows no other bound.
    """
    ((share,),) = query(
        f"""
        with
            shares as (
                select deleted.delete_count::float8 / files.record_count as share, files.file_size_bytes as size
                from {schema}.ducklake_data_file as files
                inner join {schema}.ducklake_delete_file as deleted using (data_file_id)
                where files.table_id = %s and files.end_snapshot is null and deleted.end_snapshot is null
                    and files.record_count > 0
            ),
            in_order as (
                select share, row_number() over by_share as number, sum(size) over by_share as total
                from shares where share >= %s window by_share as (order by share desc, size)
            )
        select min(share) from in_order where number = 1 or (number <= %s and total <= %s)
        """,
        [table_id, LEAST_DELETED, MOST_FILES, MOST_BYTES],
    )
    return None if share is None else MergeChoice(deleted=share)
