"""Checks a finished made-up file with DuckDB: row count, unique columns, bounds.

Here: the questions DuckDB is asked of the file. Not here: what is done with the answers
(pipeline/synthetic_fulfilment.py).
"""

from pathlib import Path
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.full_disk import room_for
from vsf_assets.synthetic.model.schema import Column, Schema

CHECKS = {
    "row_count": "Each file has as many rows as were asked for.",
    "unique": "No value of a unique column comes twice.",
    "ranges": "Numbers, days and times lie within the bounds of the schema.",
}
_TYPES = {"Integer": "bigint", "Date": "date", "Datetime": "timestamp", "Decimal": "decimal"}
"""Types with bounds that a reader can compare -> how they are read."""


def problems_of(path: Path, form: str, schema: Schema, rows: int, settings: Settings) -> dict[str, list[str]]:
    """Return check -> what is wrong with a file; empty lists where nothing is.

    Raises:
        VsfError: the file could not be checked.
    """
    unique = [column for column in schema.columns if column.is_unique]
    bounded = [column for column in schema.columns if column.kind.name in _TYPES and not column.options.get("format")]
    # In CSV a missing value of a lone column is an empty text.
    missing = ", ''" if form == "csv" else ", null"
    names = {column.name: f"nullif(c{place}{missing})" for place, column in enumerate(schema.columns)}
    expressions = ["count(*)"]
    expressions += [f"count({names[c.name]})" for c in unique]
    expressions += [f"count({names[c.name]}) - count(*) filter ({_within(c, names[c.name])})" for c in bounded]
    source, values = _source(path, form, schema)
    questions = [f"select {', '.join(expressions)} from {source}"]  # noqa: S608
    # One column at a time, by digest and in groups, so that DuckDB can put on disk what its memory does not hold.
    questions += [
        f"select count(*) from (select distinct md5_number(cast({names[c.name]} as varchar)) as digest from {source})"  # noqa: S608
        " where digest is not null"
        for c in unique
    ]
    (answers, *different) = _ask(path, questions, values, settings)
    count, present, outside = answers[0], answers[1 : 1 + len(unique)], answers[1 + len(unique) :]
    repeats = [there - found[0] for there, found in zip(present, different, strict=True)]
    beyond = zip(bounded, outside, strict=True)
    return {
        "row_count": [f"{count} rows instead of {rows}"] if count != rows else [],
        "unique": [f"column {c.name!r} repeats {n} values" for c, n in zip(unique, repeats, strict=True) if n],
        "ranges": [f"column {c.name!r} has {n} values out of bounds" for c, n in beyond if n],
    }


def _within(column: Column, name: str) -> str:
    options = column.options
    kind = f"decimal(38, {options['places']})" if column.kind.name == "Decimal" else _TYPES[column.kind.name]
    lowest, highest = (f"cast('{options[end]}' as {kind})" for end in ("from", "to"))
    return f"try_cast({name} as {kind}) between {lowest} and {highest}"


def _source(path: Path, form: str, schema: Schema) -> tuple[str, list[Any]]:
    """Return the file as a table with columns c0, c1, ..., and the values of the question."""
    names = [f"c{place}" for place in range(len(schema.columns))]
    if form == "parquet":
        return f"read_parquet(?) as made ({', '.join(names)})", [str(path)]
    options = (
        "delim = ?, quote = ?, escape = ?, header = true, auto_detect = false, columns = ?, max_line_size = 16777216,"
        " buffer_size = 16777216"
    )
    columns = dict.fromkeys(names, "VARCHAR")
    return f"read_csv(?, {options})", [str(path), schema.separator, schema.quote, schema.quote, columns]


def _ask(path: Path, questions: list[str], values: list[Any], settings: Settings) -> list[tuple[int, ...]]:
    """Return the one row of numbers that answers each question.

    Raises:
        VsfError: DuckDB could not read the file, or had no room.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.scratch / "duckdb"),
        "preserve_insertion_order": False,
    }
    room = room_for(f"the check of {path.name}", settings.scratch, lambda: path.stat().st_size)
    try:
        with room, duckdb.connect(config=config) as connection:
            return [connection.execute(sql, values).fetchall()[0] for sql in questions]
    except duckdb.Error as error:
        raise VsfError(f"{path.name} could not be checked: {str(error).splitlines()[0]}") from error
