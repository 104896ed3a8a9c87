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
    file = CheckedFile(path, form, schema, settings)
    named = [(column, file.value(place)) for place, column in enumerate(schema.columns)]
    offending = _offending(named)
    with _parent_files(schema, rows, parents, settings) as references:
        single = [*_repeated(named, file.source), *_strange(named, references, file.source)]
        expressions = ["count(*)", *(sql for _, _, sql, _ in offending)]
        queries = [f"select {', '.join(expressions)} from {file.source}", *(sql for _, _, sql, _ in single)]  # noqa: S608
        (count, *numbers), *others = file.query(queries)
    found: dict[str, list[str]] = {check: [] for check in CHECKS}
    if count != rows:
        found["row_count"].append(f"{count} rows instead of {rows}")
    numbers += [number for (number,) in others]
    for (check, column, _, text), number in zip([*offending, *single], numbers, strict=True):
        if number:
            found[check].append(f"column {column.name!r} {text.format(number)}")
    return found


_Named = list[tuple[Column, str]]
"""Columns with the expressions of their values."""

_Counted = tuple[str, Column, str, str]
"""Check, column, SQL that counts the offending values, and the problem with {} for their number."""


def _offending(named: _Named) -> list[_Counted]:
    """Return what one pass over the file counts: values out of bounds, and values that do not match."""
    found = []
    for column, value in named:
        rule, check, text = "", "ranges", "has {} values out of bounds"
        if column.kind.name in _TYPES and not column.options.get("format"):
            rule = _within(column, value)
        elif column.kind.name == "Regular Expression":
            rule = f"regexp_full_match({value}, {_text(column.options['pattern'].text)})"
            check, text = "patterns", "has {} values that do not match"
        if rule:
            found.append((check, column, f"count({value}) - count(*) filter ({rule})", text))
    return found


def _repeated(named: _Named, source: str) -> list[_Counted]:
    """Return a query for each unique column, grouped by digest, so that DuckDB can spill to disk."""
    sql = (
        "select cast(coalesce(sum(number) - count(*), 0) as bigint) from"
        " (select md5_number(cast({} as varchar)) as digest, count(*) as number from {} group by all)"
        " where digest is not null"
    )
    return [("unique", c, sql.format(value, source), "repeats {} values") for c, value in named if c.is_unique]


def _strange(named: _Named, references: list[tuple[Column, str, Path]], source: str) -> list[_Counted]:
    """Return a query for each foreign key that can be checked."""
    values = {column.name: value for column, value in named}
    return [
        (
            "references",
            column,
            f"select count(*) from {source} where try_cast({values[column.name]} as {kind}) not in"  # noqa: S608
            f" (select value from read_parquet({_text(str(files))}) where value is not null)",
            "has {} values that the other file does not have",
        )
        for column, kind, files in references
    ]


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
