"""Answers of queries as files: CSV, JSON and Parquet.

Here: the bytes of each format. Not here: files of whole tables (data/exports.py), and who may have them.

The values come from a process that ran foreign SQL, so a column's type is believed only if it is one of those below;
every other column is text, lists and structures as JSON. CSV keeps numbers and dates as they are and puts `'` before
texts that a spreadsheet would take for a formula.
"""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.sql.runner import SqlAnswer

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
"""Format -> media type."""

_PLAIN = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d{1,2},\d{1,2}\)|DATE|TIME|TIMESTAMP|UUID"
)
"""Types whose values DuckDB reads back from their text."""

_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d{1,2},\d{1,2}\)")
_HARMLESS = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|-?inf|nan")
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def is_number(kind: str) -> bool:
    """Whether values of a type stand on the right, and are numbers in a file."""
    return _NUMBERS.fullmatch(kind) is not None


def names_of(answer: SqlAnswer) -> list[str]:
    """Return the names of the columns; where one stands twice, the second is `x_1`."""
    found: dict[str, None] = {}
    last: dict[str, int] = {}
    for name, _ in answer.columns:
        free = name
        while free in found:
            last[name] = last.get(name, 0) + 1
            free = f"{name}_{last[name]}"
        found[free] = None
    return list(found)


def csv_bytes(answer: SqlAnswer) -> bytes:
    """Return an answer as CSV in UTF-8: null is an empty field, an empty text is `""`."""
    numbers = [is_number(kind) for _, kind in answer.columns]
    lines = [",".join(_field(name, is_a_number=False) for name in names_of(answer))]
    lines += [",".join(map(_field, row, numbers)) for row in answer.rows]
    return "".join(f"{line}\n" for line in lines).encode(errors="replace")


def _field(value: Any, is_a_number: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if not (is_a_number and _HARMLESS.fullmatch(text)) and _FORMULA.match(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def json_bytes(answer: SqlAnswer, **members: Any) -> bytes:
    """Return an answer as JSON: `items`, a list of objects, and what else is given."""
    names = names_of(answer)
    items = [dict(zip(names, row, strict=True)) for row in answer.rows]
    return orjson.dumps({"items": items, "next": None, "is_cut": answer.is_cut, **members})


def parquet_file(answer: SqlAnswer, folder: Path) -> Path:
    """Return a new Parquet file with an answer; who sends it removes it.

    Raises:
        duckdb.Error: a value is not of its column's type, which no answer of ours is.
    """
    columns = [
        f"cast(r[{place + 1}] as {_stored_type(answer, place)}) as {quoted(name)}"
        for place, name in enumerate(names_of(answer))
    ]
    path = folder / f"{secrets.token_hex(16)}.parquet"
    target = str(path).replace("'", "''")
    rows = orjson.dumps([_texts(row) for row in answer.rows]).decode()
    source = "select unnest(from_json($rows, '[[\"VARCHAR\"]]')) as r"
    try:
        with connect(config={"threads": "1", "temp_directory": ""}) as connection:
            connection.execute(
                f"copy (select {', '.join(columns)} from ({source})) to '{target}' (format parquet, compression zstd)",  # noqa: S608 - names are quoted, types are of a list
                {"rows": rows},
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _stored_type(answer: SqlAnswer, place: int) -> str:
    """Return the type of a column in a file.

    Parquet has no whole numbers of 128 bits, and DuckDB would make them floating point, so that digits are lost.
    """
    kind = answer.columns[place][1]
    if kind in ("HUGEINT", "UHUGEINT"):
        most = max((abs(int(row[place])) for row in answer.rows if row[place] is not None), default=0)
        return "BIGINT" if most < 2**63 else "DECIMAL(38,0)" if most < 10**38 else "VARCHAR"
    return kind if _PLAIN.fullmatch(kind) else "VARCHAR"


def _texts(row: Sequence[Any]) -> list[str | None]:
    return [_text(value) for value in row]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
