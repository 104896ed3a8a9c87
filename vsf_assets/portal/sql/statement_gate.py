"""Says which statements may run, and in plain words why another one may not.

Here: the kinds of statements. A read-only connection without access to files is what keeps data safe; this gate is for
good messages, and for the few statements that such a connection still takes and that would disturb the query itself
(`call enable_logging(storage='file')`, SET, transactions). Not here: the connection and its process (query.py).
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READS = ("SELECT", "EXPLAIN")
"""SELECT, FROM, VALUES, WITH, DESCRIBE, SUMMARIZE, SHOW, PIVOT and UNPIVOT are all of the first kind."""

ALLOWED = "SELECT, FROM, VALUES, WITH, PIVOT, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN"

_WHY = {
    "COPY": "Files are not written by SQL; download the answer as CSV or Parquet instead",
    "EXPORT": "Files are not written by SQL; download the answer as CSV or Parquet instead",
    "ATTACH": "Other databases cannot be attached",
    "DETACH": "Other databases cannot be attached",
    "LOAD": "Extensions cannot be loaded or installed",
    "SET": "Settings are fixed",
    "CALL": "CALL is not answered",
    "TRANSACTION": "Each query is a transaction of its own",
    "PREPARE": "Prepared statements are not kept between queries",
    "EXECUTE": "Prepared statements are not kept between queries",
}
_UNCHANGEABLE = "A snapshot cannot be changed"


class StatementRefusedError(Exception):
    """A query is not one statement that reads."""


def checked_statements(connection: "DuckDBPyConnection", sql: str, bound: Collection[str] = ()) -> list[Any]:
    """Return the statements that a query stands for: one that reads, or what PIVOT is made of.

    Args:
        connection: whose parser is used.
        sql: the query.
        bound: names of the parameters that have a value.

    Raises:
        StatementRefusedError: the query is empty, has several statements, one that does not read, or a parameter
            without a value.
        duckdb.Error: the query cannot be parsed.
    """
    statements = connection.extract_statements(sql)
    _check_parameters(statements, bound)
    kinds = [statement.type.name for statement in statements]
    if not kinds:
        raise StatementRefusedError("There is no statement. Write a query, for example: from marts.dim_lines")
    # PIVOT becomes the types of its columns and a query; statements that a person wrote have a text of their own.
    is_made = [not statement.query for statement in statements]
    if all(is_made) and kinds.count("SELECT") == 1 and kinds[-1] == "SELECT" and set(kinds[:-1]) <= {"CREATE"}:
        return list(statements)
    added = ("CREATE", "TRANSACTION")
    written = [kind for kind, made in zip(kinds, is_made, strict=True) if not (made and kind in added)] or ["CREATE"]
    for kind in written:
        if kind not in READS:
            why = _WHY.get(kind, _UNCHANGEABLE)
            raise StatementRefusedError(f"{why}. Allowed are {ALLOWED}.")
    if len(written) > 1:
        raise StatementRefusedError(f"These are {len(written)} statements. Run one at a time.")
    if len(statements) > 1:
        raise StatementRefusedError("EXPLAIN cannot stand before PIVOT; explain the query that PIVOT reads.")
    return list(statements)


def _check_parameters(statements: list[Any], bound: Collection[str]) -> None:
    names = {name for statement in statements for name in statement.named_parameters}
    if missing := sorted(names - set(bound)):
        if any(name.isdecimal() for name in missing):
            raise StatementRefusedError("Parameters have names: write $name in place of ? and $1.")
        words = " and ".join(f"${name}" for name in missing)
        raise StatementRefusedError(
            f"{words} has no value. Write the value, or save the query as a question with a parameter of this name."
            if len(missing) == 1
            else f"{words} have no values. Write the values, or save the query as a question with these parameters."
        )
