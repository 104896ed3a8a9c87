"""Puts DuckDB's errors into words for the person who wrote the query, with line and column.

Here: reading the error as DuckDB gives it (JSON, by its setting errors_as_json), and counting lines. Not here: errors
of limits (query.py).
"""

import json
from typing import Any, NamedTuple

_TRACE = "Stack Trace:"
"""Follows an internal error of DuckDB: functions with the path of its library on this machine."""


class QueryPlace(NamedTuple):
    """A place in a query, counted from 1: line and column, in characters."""

    line: int
    column: int


def words_of(error: str, sql: str) -> tuple[str, QueryPlace | None]:
    """Return the message of an error of DuckDB, and the place that it is about; None where it names none.

    Args:
        error: as DuckDB gives it, like `Binder Error: {"exception_message": …, "position": "7"}`.
        sql: the query, which positions count in, in bytes of UTF-8.
    """
    kind, colon, content = error.partition(": ")
    try:
        found: Any = json.loads(content) if colon else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or "exception_message" not in found:
        return error, None
    words = str(found["exception_message"]).partition(_TRACE)[0].rstrip()
    position = str(found.get("position", ""))
    place = place_of(sql, int(position)) if position.isdecimal() else None
    return f"{kind}: {words}", place


def place_of(sql: str, position: int) -> QueryPlace:
    """Return line and column of a position in bytes."""
    before = sql.encode()[:position].decode(errors="ignore")
    return QueryPlace(before.count("\n") + 1, len(before) - before.rfind("\n"))
