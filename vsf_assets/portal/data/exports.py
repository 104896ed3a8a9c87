"""Files of a table's rows: CSV and Parquet, written by DuckDB and sent from the disk.

Here: writing the file of one request, which disappears when it was sent. Not here: what may be seen (masking.py).

A spreadsheet executes a text that begins with = + - @, their wide forms, or a control character as a formula; CSV puts
an apostrophe before such a text, and quotes every value, since some spreadsheets also separate cells at semicolons.
Parquet keeps texts as they are.
"""

import secrets
import time
from contextlib import suppress
from pathlib import Path

from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable
from vsf_assets.portal.data.table_query import ListRequest, selection
from vsf_assets.snapshots.pool import OpenSnapshot

FORMATS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
"""Format -> media type."""

SECONDS = 120.0
"""Time limit of an export."""

_OPTIONS = {"csv": "format csv, header, force_quote *", "parquet": "format parquet, compression zstd"}
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"


def export_file(snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest, form: str) -> Path:
    """Return a new file with all rows of a list; who sends it removes it.

    Raises:
        WrongParameterError: a filter is not understood.
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    sql, values = selection(snapshot, table, access, request)
    if form == "csv":
        sql = f"select {', '.join(map(_harmless, _texts(snapshot, sql, values)))} from ({sql})"  # noqa: S608
    path = snapshot.limits.folder / f"{secrets.token_hex(16)}.{form}"
    target = str(path).replace("'", "''")
    try:
        snapshot.query(f"copy ({sql}) to '{target}' ({_OPTIONS[form]})", values, SECONDS, is_export=True)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _texts(snapshot: OpenSnapshot, sql: str, values: dict[str, object]) -> list[tuple[str, bool]]:
    """Return each column of a query, and whether its values may be a formula: numbers and times are none."""
    about = snapshot.query(f"select * from ({sql}) limit 0", values)  # noqa: S608
    return [
        (name, kind == "VARCHAR" or kind.endswith("]")) for name, kind in zip(about.names, about.types, strict=True)
    ]


def _harmless(column: tuple[str, bool]) -> str:
    name, is_text = quoted(column[0]), column[1]
    if not is_text:
        return name
    text = f"cast({name} as varchar)"
    return f"case when regexp_matches({text}, '{_FORMULA}') then '''' || {text} else {text} end as {name}"


def remove_leftovers(folder: Path) -> None:
    """Remove the files that a killed process left: those that no export, of any process, can still be writing."""
    newest = time.time() - 2 * SECONDS
    if folder.is_dir():
        for file in folder.iterdir():
            with suppress(FileNotFoundError):  # another process ended it
                if file.stat().st_mtime < newest:
                    file.unlink()
