"""`vsf query`: SQL on the current snapshot, read-only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.cli.output import format_option, render
from vsf_assets.errors import UsageError, VsfError
from vsf_assets.settings import Settings, read_settings
from vsf_assets.warehouse.publish import Snapshot, connect_current

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.command("query")
@click.argument("sql")
@format_option
def command(sql: str, form: str) -> None:
    """Run SQL on the current snapshot, e.g. "from reports.files"."""
    names, rows = query_snapshot(read_settings(), sql, form == "json")
    click.echo(_json(rows) if form == "json" else render(names, rows, form))


def open_snapshot(settings: Settings) -> "tuple[Snapshot, DuckDBPyConnection]":
    """Open the current snapshot; the caller closes it.

    Raises:
        VsfError: nothing was published yet.
    """
    opened = connect_current(settings)
    if opened is None:
        raise VsfError("there is no snapshot yet; land files and run: vsf run (or try: vsf demo)")
    return opened


@contextmanager
def snapshot_of(settings: Settings) -> Iterator["DuckDBPyConnection"]:
    """Open the current snapshot; times are shown in UTC.

    Raises:
        VsfError: nothing was published yet.
    """
    _, connection = open_snapshot(settings)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def query_snapshot(settings: Settings, sql: str, as_json: bool = False) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the columns and rows of a query; with `as_json` one JSON text per row.

    Raises:
        UsageError: DuckDB refuses the SQL.
        VsfError: nothing was published yet, or the object store failed.
    """
    import duckdb

    snapshot, connection = open_snapshot(settings)
    try:
        connection.execute("set TimeZone = 'UTC'")
        relation = connection.sql(sql)
        if relation is None:
            return [], []
        if as_json:
            relation = connection.sql("select to_json(answer) as row from relation as answer")
        return relation.columns, relation.fetchall()
    except duckdb.HTTPException as error:
        raise VsfError(f"{snapshot.name} cannot be read from the object store: {error}") from None
    except duckdb.Error as error:
        raise UsageError(f"{snapshot.name}: {error}") from None
    finally:
        connection.close()


def _json(rows: list[tuple[Any, ...]]) -> str:
    """Return DuckDB's own JSON of each row as one list; decimals stay exact numbers."""
    return "[" + ",\n ".join(row[0] for row in rows) + "]"
