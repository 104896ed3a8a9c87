"""`vsf query`: SQL on the current snapshot, read-only."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsf_assets.cli.existing_home import refuse_missing_home
from vsf_assets.cli.output import FORMATS, LONGEST_CELL, hand_over, is_cut, pure_json, render, say
from vsf_assets.cli.output_option import STANDARD_OUTPUT, format_of_output, open_output, output_option
from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.snapshots.connect import connect_current, connect_snapshot
from vsf_assets.snapshots.current import Snapshot, current_snapshot, published_snapshots
from vsf_assets.storage.full_disk import FullDiskError, full_disk_line, is_full

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "DECIMAL"),
)
"""How the types begin that a table shows on the right."""

_NOTHING = "there is no snapshot yet; land files and run: vsf run (or try: vsf demo)"

SHOWN = 40
"""Rows of an answer that a terminal shows."""

_EXPLAIN = re.compile(
    r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*explain(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:analyze\b|\([^)]*\))?",
    re.IGNORECASE | re.DOTALL,
)
"""The beginning of an EXPLAIN, after which stands the explained statement; EXPLAIN ANALYZE executes it."""


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        names: of the columns.
        rows: DuckDB's own text of each value, None for null; for JSON one text per row.
        numeric: places of the columns that hold numbers.
        total: number of rows of the whole answer.
    """

    names: list[str] = field(default_factory=list)
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    numeric: frozenset[int] = frozenset()
    total: int = 0


@click.command("query")
@click.argument("sql", required=False)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="default: the extension of -o, else table, which is for people"
)
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), help="read the SQL from a file; - is the input")
@click.option("--snapshot", "number", type=int, metavar="N", help="an earlier snapshot; default: the current one")
@output_option("file to write, .csv or .json")
def command(sql: str | None, form: str | None, file: Path | None, number: int | None, output: Path | None) -> None:
    """Run SQL on the current snapshot, e.g. "from reports.files".

    A terminal shows the first rows, a pipe and -o get all of them. What the tables and their columns mean: "from
    duckdb_tables()" and "from duckdb_columns()" have it as comment.
    """
    text = _sql_of(sql, file)
    chosen = format_of_output(form, output, ("csv", "json"), "table")
    limit = SHOWN if output is None and sys.stdout.isatty() else None
    answer = query_snapshot(read_settings(), text, chosen, number, limit)
    if chosen == "json":
        shown = "[" + ",\n ".join(json_rows(answer)) + "]"
    else:
        shown = render(answer.names, answer.rows, chosen, answer.numeric)
    if output is not None and output != STANDARD_OUTPUT:
        with open_output(output, len(shown)) as target:
            target.write(f"{shown}\n")
        say(f"wrote {len(answer.rows):,} row{'' if len(answer.rows) == 1 else 's'} to {output}")
        return
    hand_over(shown, chosen)
    if answer.total > len(answer.rows):
        say(f"first {len(answer.rows)} of {answer.total:,} rows; -o FILE for all (.csv or .json)", err=True)
    if chosen == "table" and any(cell is not None and is_cut(cell) for row in answer.rows for cell in row):
        say(f"values of more than {LONGEST_CELL} characters are cut; see them whole with --format csv", err=True)


def _sql_of(sql: str | None, file: Path | None) -> str:
    """Return the SQL of the argument or of the file.

    Raises:
        UsageError: neither or both are given, or the file cannot be read.
    """
    if (sql is None) == (file is None):
        what = "name the SQL once: as an argument or by -f" if sql is not None else "there is no SQL to run"
        raise UsageError(f'{what}; e.g. vsf query "from reports.files", or vsf query -f FILE (-f - reads the input)')
    if file is None:
        return sql or ""
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_OUTPUT else file.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save the SQL as UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file with SQL") from None


def open_snapshot(settings: Settings, number: int | None = None) -> "tuple[Snapshot, DuckDBPyConnection]":
    """Open the current snapshot, or the one of a number; the caller closes it.

    Raises:
        UsageError: there is no snapshot of this number.
        VsfError: nothing was published yet, or there is no home.
    """
    refuse_missing_home(settings)
    if number is not None:
        snapshot = wanted_snapshot(settings, number)
        return snapshot, connect_snapshot(snapshot, settings.lake)
    opened = connect_current(settings)
    if opened is None:
        raise VsfError(_NOTHING)
    return opened


def wanted_snapshot(settings: Settings, number: int | None = None) -> Snapshot:
    """Return the current snapshot, or the one of a number.

    Raises:
        UsageError: there is no snapshot of this number.
        VsfError: nothing was published yet.
    """
    if number is None:
        snapshot = current_snapshot(settings)
        if snapshot is None:
            raise VsfError(_NOTHING)
        return snapshot
    there = published_snapshots(settings)
    if not there:
        raise VsfError(_NOTHING)
    if number not in there:
        named = ", ".join(map(str, there))
        raise UsageError(f"there is no snapshot {number} (any more); snapshots: {named} (the last is the current)")
    return there[number]


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


def query_snapshot(
    settings: Settings, sql: str, form: str, number: int | None = None, limit: int | None = None
) -> Answer:
    """Return the answer to a query, as text that suits a format of output.FORMATS.

    Args:
        settings: where the snapshots are.
        sql: one statement that only reads.
        form: one of output.FORMATS.
        number: number of the snapshot; None for the current one.
        limit: the answer has this many rows at most; None for all.

    Raises:
        UsageError: DuckDB refuses the SQL, it is more than one statement, or it writes; or there is no such snapshot.
        VsfError: nothing was published yet, or the object store failed.
    """
    import duckdb

    snapshot, connection = open_snapshot(settings, number)
    try:
        refuse_other_statements(connection, sql)
        connection.execute("set TimeZone = 'UTC'")
        relation = connection.sql(sql)
        if relation is None:
            return Answer()
        types = [str(kind) for kind in relation.types]
        numeric = frozenset(place for place, kind in enumerate(types) if kind.startswith(_NUMBERS) and kind[-1] != "]")
        if form == "json":
            shown, names = "to_json(answer) from relation as answer", []
        else:
            # By place: two columns may have one name.
            places = [f"c{number}" for number in range(len(types))]
            cells = ", ".join(_cell(place, kind, form) for place, kind in zip(places, types, strict=True))
            shown, names = f"{cells} from relation as answer({', '.join(places)})", relation.columns
        at_most = "" if limit is None else f" limit {limit + 1}"
        rows = connection.sql(f"select {shown}{at_most}").fetchall()
        total = len(rows)
        if limit is not None and total > limit:
            rows = rows[:limit]
            ((total,),) = connection.sql("select count(*) from relation as answer").fetchall()
        return Answer(names, rows, numeric, total)
    except duckdb.HTTPException as error:
        raise VsfError(f"{snapshot.name} cannot be read from the object store: {error}") from None
    except duckdb.Error as error:
        if is_full(error):
            # DuckDB sorts and joins what exceeds the memory beside the snapshot.
            place = snapshot.parent if isinstance(snapshot, Path) else Path.cwd()
            raise FullDiskError(full_disk_line("the temporary files of the query", place)) from error
        raise UsageError(f"{snapshot.name}: {error}") from None
    finally:
        connection.close()


def refuse_other_statements(connection: "DuckDBPyConnection", sql: str) -> None:
    """Refuse everything but one statement that only reads: the others would write files or have no effect.

    Raises:
        UsageError: the message says what to do instead.
        duckdb.Error: the SQL cannot be parsed.
    """
    # A pivot is parsed into several statements without a text of their own.
    found = [part for part in connection.extract_statements(sql) if part.query or part.type.name != "CREATE"]
    if not found:
        raise UsageError("there is no statement in the SQL; write a query, e.g. from reports.files")
    if len(found) > 1:
        raise UsageError(f"there are {len(found)} statements; run them one by one, each with its own vsf query")
    kind = found[0].type.name
    if kind == "EXPLAIN" and (explained := _EXPLAIN.sub("", sql)) != sql:
        refuse_other_statements(connection, explained)
    elif kind in ("COPY", "EXPORT", "COPY_DATABASE"):
        raise UsageError(f"{kind} writes files; write a query instead, and name the file by -o FILE (.csv or .json)")
    elif kind not in ("SELECT", "CALL"):
        raise UsageError(
            f"{kind} is no query, and a snapshot (vsf-<n>.duckdb) is read-only; begin with SELECT or FROM,"
            " or work on a copy of the file with DuckDB"
        )


def _cell(place: str, kind: str, form: str) -> str:
    """Return SQL of a column's text; a table shows times in whole seconds."""
    text = f"cast({place} as varchar)"
    is_time = kind.startswith("TIMESTAMP") and not kind.endswith("]")
    return rf"regexp_replace({text}, '\.\d+', '')" if form == "table" and is_time else text


def json_rows(answer: Answer) -> list[str]:
    """Return DuckDB's own JSON of each row; decimals stay exact numbers."""
    return [pure_json(row[0] or "null") for row in answer.rows]
