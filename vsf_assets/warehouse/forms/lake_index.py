"""Statements about a DuckLake catalog that is a DuckDB file: its options, its newest version, its data files.

Here: reading and writing the catalog's own tables. Not here: the tables of the warehouse, and which catalog is the
current one (local_lake.py).
"""

import os
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import load_statement, sql_text
from vsf_assets.warehouse.forms.form import STORAGE_VERSION

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXTENSION = "ducklake"

PLACE = "vsf_place"
"""Table of a published catalog with one row: the folder of its data files as seen from its own folder."""

_GENERATION = re.compile(r"g(\d+)")

PARQUET = {"compression": "zstd", "compression_level": "1"}
"""How data files are compressed. Level 1 takes a sixth of the time off that the default 3 takes for events, and their
files are no larger."""
_ROWS = 40_960
"""Rows of a row group. Each thread holds one in memory, unpacked. DuckDB's default is three times as many: with events
two threads exceeded 512 MB and wrote temporary files, for four times the time."""
_OPTIONS = {
    "data_inlining_row_limit": "0",
    "parquet_row_group_size": str(_ROWS),
    **{f"parquet_{name}": value for name, value in PARQUET.items()},
}
"""Small inserts are stored in Parquet too, so that every row is in a data file; merged files stay compressed."""


@dataclass(frozen=True)
class Head:
    """The newest version of a catalog: its number, and the number that the next data file gets."""

    version: int = -1
    next_file: int = 0


_EMPTY = Head()


def attach_statements(file: Path | str, data: Path | str, name: str, read_only: bool = False) -> tuple[str, ...]:
    """Return the SQL that loads the extension and attaches a catalog; the folder may be another than it was."""
    options = [f"data_path '{sql_text(data)}/'", "override_data_path true", *(["read_only"] * read_only)]
    return (
        load_statement(EXTENSION),
        f"attach 'ducklake:{sql_text(file)}' as \"{name}\" ({', '.join(options)})",
    )


def set_options(connection: "DuckDBPyConnection", name: str) -> None:
    """Set the options of a new catalog, which are stored in it."""
    for option, value in _OPTIONS.items():
        connection.execute(f"call {name}.set_option('{option}', '{value}')")


def head_of(file: Path) -> Head:
    """Return the newest version; DuckDB's log of the file is absorbed."""
    with closing(connect(file)) as connection:
        connection.execute("checkpoint")
        sql = "select snapshot_id, next_file_id from ducklake_snapshot order by snapshot_id desc limit 1"
        (row,) = connection.execute(sql).fetchall()
    return Head(*row)


def generation_of(file: Path) -> str:
    """Return the name of the folder of a catalog's data files."""
    return stored_folder(file).name


def stored_folder(file: Path) -> Path:
    """Return the folder of a catalog's data files as it was when the catalog was made."""
    with closing(connect(file, read_only=True)) as connection:
        ((place,),) = connection.execute("select value from ducklake_metadata where key = 'data_path'").fetchall()
    return Path(place)


def next_generation(lake: Path, file: Path) -> int:
    """Return the number of a folder that was never used: one above all that are there, and that of the catalog.

    The folders of a catalog may be elsewhere, or lost; snapshots still name them by their number.
    """
    try:
        names = os.listdir(lake)
    except FileNotFoundError:
        names = []
    if file.exists():
        names.append(generation_of(file))
    return max((int(found[1]) for name in names if (found := _GENERATION.fullmatch(name))), default=0) + 1


_PATHS = """
    select distinct case
        when not files.path_is_relative then files.path
        when not tables.path_is_relative then tables.path || files.path
        when not schemas.path_is_relative then schemas.path || tables.path || files.path
        else $data || '/' || schemas.path || tables.path || files.path end
    from {} as files
    inner join ducklake_table as tables using (table_id)
    inner join ducklake_schema as schemas using (schema_id)
    where files.{} >= $first
"""
_FILE_TABLES = {"ducklake_data_file": "data_file_id", "ducklake_delete_file": "delete_file_id"}


def files_since(file: Path, data: Path, before: Head = _EMPTY) -> list[Path]:
    """Return the data files and files of deletions that a catalog names and an earlier version did not."""
    values = {"data": str(data), "first": before.next_file}
    with closing(connect(file, read_only=True)) as connection:
        return [
            Path(path)
            for table, number in _FILE_TABLES.items()
            for (path,) in connection.execute(_PATHS.format(table, number), values).fetchall()
        ]


def write_head(file: Path, target: Path, data: Path, folder: Path) -> None:
    """Write a catalog that holds only the newest version of another one: what was deleted before is left out.

    Args:
        file: the catalog.
        target: the new file.
        data: folder of the data files, as it is now.
        folder: the folder that the new file will be in.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": STORAGE_VERSION}
    with closing(connect(config=config)) as connection:
        connection.execute(f"attach '{sql_text(file)}' as source (read_only)")
        connection.execute(f"attach '{sql_text(target)}' as head")
        connection.execute("use head")
        connection.execute("begin transaction")
        for name, ddl, columns in connection.execute(_TABLES).fetchall():
            connection.execute(ddl)
            connection.execute(f"insert into head.{name} from source.{name} {_of_head(name, columns)}")
        connection.execute("update ducklake_metadata set value = ? where key = 'data_path'", [f"{data}/"])
        connection.execute(f"create table {PLACE} as select ? as relative_path", [os.path.relpath(data, folder)])
        connection.execute("commit")
        connection.execute("use memory")
        connection.execute("detach head")


_TABLES = """
    select table_name, sql, (select list(column_name) from duckdb_columns() as c where c.table_oid = t.table_oid
        and c.database_name = 'source')
    from duckdb_tables() as t where database_name = 'source'
"""


def _of_head(name: str, columns: list[str]) -> str:
    """Return the condition for the rows of a catalog's table that its newest version needs."""
    if name in ("ducklake_snapshot", "ducklake_snapshot_changes"):
        return "where snapshot_id = (select max(snapshot_id) from source.ducklake_snapshot)"
    if name == "ducklake_files_scheduled_for_deletion":
        return "where false"
    if "end_snapshot" in columns:
        return "where end_snapshot is null"
    if "data_file_id" in columns:
        return "where data_file_id in (select data_file_id from source.ducklake_data_file where end_snapshot is null)"
    if "table_id" in columns:
        return (
            "where table_id is null"
            " or table_id in (select table_id from source.ducklake_table where end_snapshot is null)"
        )
    return ""
