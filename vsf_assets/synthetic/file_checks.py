"""Checks a finished made-up file with DuckDB: row count, unique columns, bounds.

Here: the queries, and the problems that follow from their results. Not here: acting on the problems
(pipeline/synthetic_fulfilment.py).
"""

from pathlib import Path
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.full_disk import room_for
from vsf_assets.synthetic.model.schema import Column, Schema

CHECKS = {
    "row_count": "Each file has the requested number of rows.",
    "unique": "No value of a unique column occurs twice.",
    "ranges": "Numbers, days and times lie within the bounds of the schema.",
}
_TYPES = {"Integer": "bigint", "Date": "date", "Datetime": "timestamp", "Decimal": "decimal"}
"""Type with bounds -> DuckDB type in which its values are compared."""


def problems_of(path: Path, form: str, schema: Schema, rows: int, settings: Settings) -> dict[str, list[str]]:
    """Return check -> problems of a file; the list of a passed check is empty.

    Raises:
        VsfError: DuckDB cannot read the file.
    """
    unique = [column for column in schema.columns if column.is_unique]
    bounded = [column for column in schema.columns if column.kind.name in _TYPES and not column.options.get("format")]
    # In a CSV file with one column, a missing value is an empty text.
    missing = ", ''" if form == "csv" else ", null"
    names = {column.name: f"nullif(c{place}{missing})" for place, column in enumerate(schema.columns)}
    expressions = ["count(*)"]
    expressions += [f"count({names[c.name]})" for c in unique]
    expressions += [f"count({names[c.name]}) - count(*) filter ({_within(c, names[c.name])})" for c in bounded]
    source, values = _source(path, form, schema)
    queries = [f"select {', '.join(expressions)} from {source}"]  # noqa: S608
    # One column at a time, grouped by digest, so that DuckDB can spill to disk.
    queries += [
        f"select count(*) from (select distinct md5_number(cast({names[c.name]} as varchar)) as digest from {source})"  # noqa: S608
        " where digest is not null"
        for c in unique
    ]
    (answers, *different) = _query(path, queries, values, settings)
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
    """Return a table expression that reads the file with columns c0, c1, ..., and its bind values."""
    names = [f"c{place}" for place in range(len(schema.columns))]
    if form == "parquet":
        return f"read_parquet(?) as made ({', '.join(names)})", [str(path)]
    options = (
        "delim = ?, quote = ?, escape = ?, header = true, auto_detect = false, columns = ?, max_line_size = 16777216,"
        " buffer_size = 16777216"
    )
    columns = dict.fromkeys(names, "VARCHAR")
    return f"read_csv(?, {options})", [str(path), schema.separator, schema.quote, schema.quote, columns]


def _query(path: Path, queries: list[str], values: list[Any], settings: Settings) -> list[tuple[int, ...]]:
    """Run queries that return one row of numbers each, and return these rows.

    Raises:
        VsfError: DuckDB cannot read the file, or the disk has too little space.
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
            return [connection.execute(sql, values).fetchall()[0] for sql in queries]
    except duckdb.Error as error:
        raise VsfError(f"{path.name} could not be checked: {str(error).splitlines()[0]}") from error
