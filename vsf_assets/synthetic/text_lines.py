"""Lines of JSON and of SQL, for whole data frames.

Here: the texts of a portion of rows. A row's text depends on its values and its number alone, so portions may have any
size. Not here: CSV and Parquet, which polars writes, and files (writers.py).
"""

from collections.abc import Callable, Iterable

import polars as pl

from vsf_assets.synthetic.columns.text_values import DATETIME
from vsf_assets.synthetic.model.schema import SchemaError

ROWS_OF_A_STATEMENT = 1000
"""Number of rows that one INSERT has at most."""

_POSTGRESQL_BYTES = 63
"""Longest name in PostgreSQL, which cuts longer ones."""

_CONTROL = [chr(code) for code in range(32)]
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JSON = {letter: _ESCAPES.get(letter, f"\\u{ord(letter):04x}") for letter in (*_CONTROL, '"', "\\")}
"""Character -> how it is written within a JSON text (RFC 8259)."""

_SQL_TYPES = {pl.String: "TEXT", pl.Boolean: "BOOLEAN", pl.Date: "DATE", pl.Datetime: "TIMESTAMP"}


def json_lines(frame: pl.DataFrame) -> pl.Series:
    """Return an object for each row; numbers, decimals too, are exact, a missing value is null."""
    words: list[pl.Expr] = []
    for place, name in enumerate(frame.columns):
        words.append(pl.lit(f"{',' if place else '{'}{_json_text(name)}:"))
        words.append(_literal(frame.schema[name], pl.col(name), _json_value).fill_null("null"))
    return frame.select(pl.concat_str([*words, pl.lit("}")])).to_series()


def _json_text(text: str) -> str:
    return '"' + "".join(_JSON.get(letter, letter) for letter in text) + '"'


def _json_value(text: pl.Expr) -> pl.Expr:
    has_signs = text.str.contains(r'[\x00-\x1f"\\]')
    escaped = pl.when(has_signs).then(text.str.replace_many(_JSON)).otherwise(text)
    return pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))


def refuse_sql_names(names: Iterable[str]) -> None:
    """Refuse columns whose names are one for a database: SQLite and DuckDB ignore case, PostgreSQL all after 63 bytes.

    Raises:
        SchemaError: there are two; the message names them.
    """
    seen: dict[tuple[str, str], str] = {}
    for name in names:
        cut = name.encode()[:_POSTGRESQL_BYTES].decode(errors="ignore")
        for known in (("without case", name.lower()), ("cut", cut)):
            other = seen.setdefault(known, name)
            if other != name:
                raise SchemaError(
                    f"column {name!r}: for a database its name is the same as {other!r}, since some ignore case, and"
                    f" PostgreSQL what follows {_POSTGRESQL_BYTES} bytes; rename one, or choose another format than sql"
                )


def create_table(table: str, typed: pl.DataFrame) -> str:
    """Return the statement that makes the table, if it is missing, with types that all databases know."""
    columns = ",\n".join(f"  {_quoted(name)} {sql_type(kind)}" for name, kind in typed.schema.items())
    return f"CREATE TABLE IF NOT EXISTS {_quoted(table)} (\n{columns}\n);\n"


def insert_lines(frame: pl.DataFrame, table: str, start: int, rows: int) -> pl.Series:
    """Return the lines of INSERT statements: one for each row, the first row of a statement with its beginning.

    Args:
        frame: a portion of rows; `start` is the number of its first row.
        table: name of the table.
        start: see `frame`.
        rows: number of rows of the whole file.
    """
    columns = ", ".join(map(_quoted, frame.columns))
    begin = f"INSERT INTO {_quoted(table)} ({columns}) VALUES\n("
    numbers = pl.int_range(start, start + len(frame), dtype=pl.Int64)
    place = numbers % ROWS_OF_A_STATEMENT
    is_last = (place == ROWS_OF_A_STATEMENT - 1) | (numbers == rows - 1)
    words = [pl.when(place == 0).then(pl.lit(begin)).otherwise(pl.lit("("))]
    for number, name in enumerate(frame.columns):
        if number:
            words.append(pl.lit(", "))
        words.append(_literal(frame.schema[name], pl.col(name), _sql_value).fill_null("NULL"))
    words.append(pl.when(is_last).then(pl.lit(");")).otherwise(pl.lit("),")))
    return frame.select(pl.concat_str(words)).to_series()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sql_value(text: pl.Expr) -> pl.Expr:
    """Quote a text as the standard says: quotes are doubled, and no other character has a meaning."""
    return pl.concat_str(pl.lit("'"), text.str.replace_all("'", "''", literal=True), pl.lit("'"))


def sql_type(kind: pl.DataType) -> str:
    """Return the type of a column in PostgreSQL, SQLite and DuckDB."""
    if isinstance(kind, pl.Decimal):
        return f"NUMERIC({kind.precision}, {kind.scale})"
    if kind.is_float():
        return "DOUBLE PRECISION"
    return "BIGINT" if kind.is_integer() else _SQL_TYPES[kind.base_type()]


def _literal(kind: pl.DataType, value: pl.Expr, quote: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Return the text of a value: numbers and booleans as they are, all others quoted."""
    if kind.is_numeric() or kind == pl.Boolean:
        return value.cast(pl.String)
    if isinstance(kind, pl.Datetime):
        return quote(value.dt.to_string(DATETIME))
    return quote(value.cast(pl.String))
