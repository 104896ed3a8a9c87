"""Checks a finished made-up file with DuckDB: row count, unique columns, bounds, patterns, foreign keys.

Here: the queries, and the problems that follow from their results. Not here: how a file is read (checked_file.py) and
acting on the problems (pipeline/synthetic_fulfilment.py).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vsf_assets.config.settings import Settings
from vsf_assets.synthetic.checked_file import CheckedFile
from vsf_assets.synthetic.model.schema import Column, Schema

CHECKS = {
    "row_count": "Each file has the requested number of rows.",
    "unique": "No value of a unique column occurs twice.",
    "ranges": "Numbers, days and times lie within the bounds of the schema.",
    "patterns": "Values of regular expressions match them.",
    "references": "Each value of a foreign key is a value of the other file, if that has at most 1,000,000 rows.",
}
_TYPES = {
    "Integer": "bigint",
    "Date": "date",
    "Datetime": "timestamp",
    "Decimal": "decimal",
    "Latitude": "decimal",
    "Longitude": "decimal",
    "Normal Distribution": "decimal",
}
"""Type with bounds -> DuckDB type in which its values are compared."""

_MOST_PARENT_ROWS = 1_000_000


def problems_of(
    path: Path, form: str, schema: Schema, rows: int, settings: Settings, parents: Iterable[Schema] = ()
) -> dict[str, list[str]]:
    """Return check -> problems of a file; the list of a passed check is empty.

    Args:
        path: the file.
        form: its format.
        schema: its schema, with all ranges of days filled in.
        rows: the number of rows that it must have.
        settings: where temporary files go, and the memory that may be used.
        parents: the schemas that foreign keys refer to.

    Raises:
        VsfError: DuckDB cannot read the file, or the disk has too little space.
    """
    columns = schema.columns
    unique = [column for column in columns if column.is_unique]
    bounded = [column for column in columns if column.kind.name in _TYPES and not column.options.get("format")]
    patterned = [column for column in columns if column.kind.name == "Regular Expression"]
    file = CheckedFile(path, form, schema, settings)
    names = {column.name: file.value(place) for place, column in enumerate(columns)}
    expressions = ["count(*)"]
    expressions += [f"count({names[c.name]})" for c in unique]
    for column, rule in [(c, _within(c, names[c.name])) for c in bounded] + [
        (c, f"regexp_full_match({names[c.name]}, {_text(c.options['pattern'].text)})") for c in patterned
    ]:
        expressions.append(f"count({names[column.name]}) - count(*) filter ({rule})")
    queries = [f"select {', '.join(expressions)} from {file.source}"]  # noqa: S608
    # One column at a time, grouped by digest, so that DuckDB can spill to disk.
    queries += [
        f"select count(*) from (select distinct md5_number(cast({names[c.name]} as varchar)) as digest"  # noqa: S608
        f" from {file.source}) where digest is not null"
        for c in unique
    ]
    with _parent_files(schema, rows, parents, settings) as references:
        queries += [
            f"select count(*) from {file.source} where try_cast({names[c.name]} as {kind}) not in"  # noqa: S608
            f" (select value from read_parquet({_text(str(pattern))}) where value is not null)"
            for c, kind, pattern in references
        ]
        (answers, *numbers) = file.query(queries)
        different, strange = numbers[: len(unique)], numbers[len(unique) :]
        count, *others = answers
        present, outside, unmatched = (
            others[: len(unique)],
            others[len(unique) : len(unique) + len(bounded)],
            others[len(unique) + len(bounded) :],
        )
        repeats = [there - found[0] for there, found in zip(present, different, strict=True)]
        return {
            "row_count": [f"{count} rows instead of {rows}"] if count != rows else [],
            "unique": _said(unique, repeats, "repeats {} values"),
            "ranges": _said(bounded, outside, "has {} values out of bounds"),
            "patterns": _said(patterned, unmatched, "has {} values that do not match"),
            "references": _said(
                [c for c, _, _ in references],
                [number for (number,) in strange],
                "has {} values that the other file does not have",
            ),
        }


def _said(columns: list[Column], numbers: Iterable[int], text: str) -> list[str]:
    return [f"column {c.name!r} {text.format(n)}" for c, n in zip(columns, numbers, strict=True) if n]


def _within(column: Column, name: str) -> str:
    options = column.options
    kind = _TYPES[column.kind.name]
    if kind == "decimal":
        kind = f"decimal(38, {options['places']})"
    ends = ((">=", options["from"]), ("<=", options["to"]))
    rules = [f"try_cast({name} as {kind}) {sign} cast('{end}' as {kind})" for sign, end in ends if end is not None]
    return " and ".join(rules) or f"try_cast({name} as {kind}) is not null"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _parent_files(
    schema: Schema, rows: int, parents: Iterable[Schema], settings: Settings
) -> Iterator[list[tuple[Column, str, Path]]]:
    """Yield (column, its type, Parquet files of the other file's values) of the foreign keys that can be checked."""
    keys = [c for c in schema.columns if c.kind.name == "Foreign Key" and c.options["rows"] <= _MOST_PARENT_ROWS]
    if not keys:
        yield []
        return
    from vsf_assets.synthetic.columns.references import parent_rows
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.text_lines import sql_type

    request = Frames(schema, rows, parents=parents).request
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="references-", dir=settings.scratch) as folder:
        found = []
        for place, column in enumerate(keys):
            kind = ""
            for number, values in enumerate(parent_rows(column, request)):
                kind = sql_type(values.dtype)
                values.alias("value").to_frame().write_parquet(Path(folder) / f"{place}-{number}.parquet")
            found.append((column, kind, Path(folder) / f"{place}-*.parquet"))
        yield found
