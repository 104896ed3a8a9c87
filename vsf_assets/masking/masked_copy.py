"""Makes the masked copy of a snapshot: a new file in which pseudonyms stand in place of personal values.

The same without pseudonyms copies a snapshot that only names data files to a file that holds the rows
(plain_copies.py).

Here: one file made from another by DuckDB, with bounded memory. Not here: when it is made (keep_copies.py), and the
process that it is made in (copy_process.py).

Every row goes through the rules of pseudonyms.py into a new file, so no byte of the snapshot's own pages is in it. The
tables of dbt's working schemas are left out: nobody asks them, and they hold digests of whole rows. Rows of a table
with personal values come in a random order, or random within a column that everybody sees: the order in which they are
stored is that of the values.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.errors import VsfError
from vsf_assets.contracts.personal import personal_kind
from vsf_assets.masking.pseudonyms import quoted, replaced_sql
from vsf_assets.warehouse.forms.published import COLUMNS, RELATIONS, attach_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMAS = ("marts", "reports", "raw")
"""Schemas of the snapshot that are copied: those that people read."""

_TABLES = f"""
    select schema_name, table_name, comment,
        (select list((column_name, data_type, comment) order by column_index) from ({COLUMNS}) as c
         where c.database_name = t.database_name and c.schema_name = t.schema_name and c.table_name = t.table_name)
    from ({RELATIONS}) as t where database_name = 'source' and list_contains($schemas, schema_name)
    order by schema_name, table_name
"""  # noqa: S608 - queries of the platform


@dataclass(frozen=True)
class CopyLimits:
    """What making a copy may take: DuckDB's memory in its own form, such as 512MB, threads, and a folder to spill to.

    The folder belongs to nobody else: what is spilled may be personal.
    """

    memory: str
    threads: int
    folder: Path


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    comment: str
    columns: Sequence[tuple[str, str, str]]

    def at(self, database: str) -> str:
        return f"{database}.{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def order(self) -> str:
        """The order of the rows as SQL; empty for that in which they are stored."""
        if not any(personal_kind(column) for column, _, _ in self.columns):
            return ""
        shown = [(name, kind) for name, kind, _ in self.columns if not personal_kind(name)]
        # Rows that lie beside each other compress well, and queries on some days read few of them.
        first = [name for name, kind in shown if kind == "DATE" or name == "_file_id"][:1]
        return f" order by {', '.join([*map(quoted, first), 'random()'])}"


def make_masked(snapshot: Path, target: Path, key: bytes, limits: CopyLimits, lake: str = "") -> None:
    """Write the masked copy of a snapshot to a file that does not exist yet; see `make_copy`."""
    make_copy(snapshot, target, key, limits, lake)


def make_copy(snapshot: Path, target: Path, key: bytes | None, limits: CopyLimits, lake: str = "") -> None:
    """Write a copy of a snapshot that holds all rows itself to a file that does not exist yet.

    Args:
        snapshot: the snapshot's file.
        target: the file; if this fails, what is there is not whole.
        key: of pseudonyms; None for a copy that is not masked.
        limits: memory, threads and the folder for spilling, which exists.
        lake: folder of the data files of snapshots, by the settings; empty for none.

    Raises:
        VsfError: a table of the copy has another number of rows, or data files of the snapshot are not there.
        duckdb.Error: the snapshot cannot be read, the disk is full, or the memory is too small.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": limits.memory,
        "threads": limits.threads,
        "temp_directory": str(limits.folder),
    }
    with closing(connect(config=config)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        attach_published(connection, snapshot, "source", lake)
        connection.execute(f"attach '{_text(target)}' as masked")
        tables = [_Table(*row) for row in connection.execute(_TABLES, {"schemas": list(SCHEMAS)}).fetchall()]
        for schema in sorted({table.schema for table in tables}):
            connection.execute(f"create schema masked.{quoted(schema)}")
        for table in tables:
            _copy(connection, table, key)
        _compare(connection, tables)
        connection.execute("checkpoint masked")
        connection.execute("detach masked")


def _copy(connection: "DuckDBPyConnection", table: _Table, key: bytes | None) -> None:
    values: dict[str, Any] = {}
    columns = []
    for name, _, _ in table.columns:
        kind = personal_kind(name)
        columns.append(
            f"{replaced_sql(name, kind, values, key)} as {quoted(name)}" if kind and key is not None else quoted(name)
        )
    rows = f"select {', '.join(columns)} from {table.at('source')}{'' if key is None else table.order}"  # noqa: S608 - quoted names
    connection.execute(f"create table {table.at('masked')} as {rows}", values)
    if table.comment:
        connection.execute(f"comment on table {table.at('masked')} is '{_text(table.comment)}'")
    for name, _, comment in table.columns:
        if comment:
            connection.execute(f"comment on column {table.at('masked')}.{quoted(name)} is '{_text(comment)}'")


def _compare(connection: "DuckDBPyConnection", tables: Sequence[_Table]) -> None:
    counts = [
        f"select {place}, (select count(*) from {table.at('source')}), (select count(*) from {table.at('masked')})"  # noqa: S608
        for place, table in enumerate(tables)
    ]
    found = connection.execute(" union all ".join(counts)).fetchall() if counts else []
    if wrong := [f"{tables[place].schema}.{tables[place].name}" for place, own, copied in found if own != copied]:
        raise VsfError(f"the copy does not have the rows of the snapshot: {', '.join(sorted(wrong))}")


def _text(value: object) -> str:
    """Return a text as it stands between quotes in SQL."""
    return str(value).replace("'", "''")
