"""`vsf query`: SQL on the current snapshot, read-only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from vsf_assets.cli.output import LONGEST_CELL, format_option, hand_over, is_cut, pure_json, render, say
from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.snapshots.current import Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "DECIMAL"),
)
"""How the types begin that a table shows on the right."""


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        names: of the columns.
        rows: DuckDB's own text of each value, None for null; for JSON one text per row.
        numeric: places of the columns that hold numbers.
    """

    names: list[str] = field(default_factory=list)
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    numeric: frozenset[int] = frozenset()


@click.command("query")
@click.argument("sql")
@format_option
def command(sql: str, form: str) -> None:
    """Run SQL on the current snapshot, e.g. "from reports.files".

    What the tables and their columns mean: "from duckdb_tables()" and "from duckdb_columns()" have it as comment.
    """
    answer = query_snapshot(read_settings(), sql, form)
    if form == "json":
        hand_over("[" + ",\n ".join(json_rows(answer)) + "]", form)
    else:
        hand_over(render(answer.names, answer.rows, form, answer.numeric), form)
        if form == "table" and any(cell is not None and is_cut(cell) for row in answer.rows for cell in row):
            say(f"values of more than {LONGEST_CELL} characters are cut; see them whole with --format csv", err=True)


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


def query_snapshot(settings: Settings, sql: str, form: str) -> Answer:
    """Return the answer to a query, as text that suits a format of output.FORMATS.

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
            return Answer()
        if form == "json":
            return Answer(rows=connection.sql("select to_json(answer) from relation as answer").fetchall())
        types = [str(kind) for kind in relation.types]
        # By place: two columns may have one name.
        places = [f"c{number}" for number in range(len(types))]
        cells = ", ".join(_cell(place, kind, form) for place, kind in zip(places, types, strict=True))
        texts = connection.sql(f"select {cells} from relation as answer({', '.join(places)})")  # noqa: S608
        numeric = frozenset(place for place, kind in enumerate(types) if kind.startswith(_NUMBERS) and kind[-1] != "]")
        return Answer(relation.columns, texts.fetchall(), numeric)
    except duckdb.HTTPException as error:
        raise VsfError(f"{snapshot.name} cannot be read from the object store: {error}") from None
    except duckdb.Error as error:
        raise UsageError(f"{snapshot.name}: {error}") from None
    finally:
        connection.close()


def _cell(place: str, kind: str, form: str) -> str:
    """Return SQL of a column's text; a table shows times in whole seconds."""
    text = f"cast({place} as varchar)"
    is_time = kind.startswith("TIMESTAMP") and not kind.endswith("]")
    return rf"regexp_replace({text}, '\.\d+', '')" if form == "table" and is_time else text


def json_rows(answer: Answer) -> list[str]:
    """Return DuckDB's own JSON of each row; decimals stay exact numbers."""
    return [pure_json(row[0] or "null") for row in answer.rows]
