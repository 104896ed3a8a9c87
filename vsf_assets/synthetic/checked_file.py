"""Reads a finished made-up file with DuckDB, in any of its formats.

Here: table expressions with the columns c0, c1, ..., and queries on them. Not here: what is checked (file_checks.py).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.spill_folder import spill_folder
from vsf_assets.synthetic.model.schema import Schema

if TYPE_CHECKING:
    import polars as pl

_QUOTED_OR_END = re.compile(r"""'[^']*'|"[^"]*"|(?P<end>;\n)|(?P<open>['"])""")
"""A quoted text, the end of a statement, or a quote that no other one closes."""

_BEGIN = re.compile(r"""INSERT INTO "(?:[^"]|"")*" \((?:"(?:[^"]|"")*"(?:, )?)+\) VALUES\n""")
_VALUE = re.compile(r"""'((?:[^']|'')*)'|([^\s,();']+)""")
_CHUNK = 1 << 20
_VALUES = 500_000
"""Number of values that are held at a time."""

_PATH = object()
"""Stands for the path of the file among the values of an expression."""


class CheckedFile:
    """A made-up file as a table.

    Attributes:
        source: the table expression; each column is text, or typed (Parquet, SQL).
    """

    def __init__(self, path: Path, form: str, schema: Schema, settings: Settings) -> None:
        self._path, self._form, self._schema, self._settings = path, form, schema, settings
        self._names = [f"c{place}" for place in range(len(schema.columns))]
        self.source, self._values = self._source()

    def value(self, place: int) -> str:
        """Return the expression of a column's value; null where it is missing."""
        # In a CSV file with one column, a missing value is an empty text.
        return f"nullif(c{place}, '')" if self._form == "csv" else f"c{place}"

    def query(self, queries: list[str]) -> list[tuple[int, ...]]:
        """Run queries on `source` that return one row of numbers each, and return these rows.

        Raises:
            VsfError: DuckDB cannot read the file, or the disk has too little space.
        """
        import duckdb

        settings = self._settings
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": spill_folder(settings.scratch),
            "preserve_insertion_order": False,
        }
        room = room_for(f"the check of {self._path.name}", settings.scratch, lambda: self._path.stat().st_size)
        try:
            with room, TemporaryDirectory(prefix="check-", dir=settings.scratch) as folder:
                read = self._path
                if self._form == "sql":
                    read = Path(folder) / "*.parquet"
                    _spool(self._path, self._names, Path(folder))
                with connect(config=config) as connection:
                    return [connection.execute(sql, self._bound(read)).fetchall()[0] for sql in queries]
        except duckdb.Error as error:
            raise VsfError(f"{self._path.name} could not be checked: {str(error).splitlines()[0]}") from error

    def _bound(self, path: Path) -> list[Any]:
        """Return the values of `source`, with the path of the file that is read."""
        return [str(path) if value is _PATH else value for value in self._values]

    def _source(self) -> tuple[str, list[Any]]:
        """Return a table expression with columns c0, c1, ..., and its bind values."""
        listed = ", ".join(self._names)
        if self._form in ("parquet", "sql"):
            return f"read_parquet(?) as made ({listed})", [_PATH]
        if self._form == "jsonl":
            named = ", ".join(f"v[{place + 1}] as c{place}" for place in range(len(self._names)))
            pointers = ["/" + c.name.replace("~", "~0").replace("/", "~1") for c in self._schema.columns]
            objects = "select json_extract_string(json, ?) as v from read_ndjson_objects(?, maximum_object_size = ?)"
            return f"(select {named} from ({objects})) as made", [pointers, _PATH, 1 << 26]  # noqa: S608
        options = (
            "delim = ?, quote = ?, escape = ?, header = true, auto_detect = false, columns = ?,"
            " max_line_size = 16777216, buffer_size = 16777216"
        )
        columns = dict.fromkeys(self._names, "VARCHAR")
        quote = self._schema.quote
        return f"read_csv(?, {options})", [_PATH, self._schema.separator, quote, quote, columns]


def _spool(path: Path, names: list[str], folder: Path) -> None:
    """Write the values of a file's INSERT statements as Parquet files of texts, which DuckDB reads faster."""
    import polars as pl

    schema = dict.fromkeys(names, pl.String)
    pl.DataFrame(schema=schema).write_parquet(folder / "none.parquet")
    waiting: list[str | None] = []
    for number, statement in enumerate(statements(path)):
        if number == 0:
            continue  # CREATE TABLE
        waiting += values_of(statement)
        if len(waiting) > _VALUES:
            _columns(waiting, schema).write_parquet(folder / f"{number}.parquet")
            waiting = []
    _columns(waiting, schema).write_parquet(folder / "last.parquet")


def _columns(values: list[str | None], schema: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    width = len(schema)
    return pl.DataFrame({name: values[place::width] for place, name in enumerate(schema)}, schema=schema)


def values_of(statement: str) -> list[str | None]:
    """Return the values of an INSERT statement, row after row."""
    begin = _BEGIN.match(statement)
    found = _VALUE.findall(statement, begin.end() if begin else 0)
    return [(None if bare == "NULL" else bare) if bare else quoted.replace("''", "'") for quoted, bare in found]


def statements(path: Path) -> Iterator[str]:
    """Yield the statements of a made-up SQL file; a semicolon within quotes ends none."""
    pending, scanned = "", 0
    with path.open(encoding="utf-8", newline="") as file:
        while chunk := file.read(_CHUNK):
            pending += chunk
            start = 0
            while True:
                scanned, end = _scan(pending, max(scanned, start))
                if end is None:
                    break
                yield pending[start:end]
                start = scanned = end
            pending, scanned = pending[start:], scanned - start
    if pending.strip():
        yield pending


def _scan(text: str, place: int) -> tuple[int, int | None]:
    """Return (where scanning goes on, the end of the statement or None); `place` is outside quotes."""
    for match in _QUOTED_OR_END.finditer(text, place):
        if match.lastgroup == "open":
            return match.start(), None
        place = match.end()
        if match.lastgroup == "end":
            return place, place
    return place, None
