"""Runs one query in this process and writes its answer to a descriptor; the process is used for nothing else.

Here: connecting to the snapshot, confining the process, the gate, and the answer as one JSON text. Not here: making the
process (fork_server.py) and reading the answer (runner.py).

An answer is `{"columns": [[name, type], …], "rows": [[value, …], …], "is_cut": bool, "parameters": [name, …]}` or
`{"error": kind, "message": text, "place": [line, column] or null}`. Values that JSON has no form for are text: dates,
times, decimals, whole numbers beyond 53 bits, nested ones.
"""

import math
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.portal.sql.bound_values import Bound
from vsf_assets.portal.sql.exact_texts import BEFORE, sql_with_texts, texts_of
from vsf_assets.portal.sql.limits import SqlLimits
from vsf_assets.portal.sql.messages import QueryPlace, words_of
from vsf_assets.portal.sql.sandbox import SandboxError, confine, limit_resources
from vsf_assets.portal.sql.statement_gate import StatementRefusedError, checked_statements
from vsf_assets.portal.sql.system_calls import refuse_calls

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_MB = 1_000_000
_EXACT = 2**53
_AT_ONCE = 500

Answer = dict[str, Any]


class _AnswerTooLargeError(Exception):
    """An answer has more columns, or its rows have more bytes, than allowed; the message says so."""


class _WrappedError(Exception):
    """DuckDB's error in a query that stands in another one, which its place counts in."""


def answer(path: str, sql: str, limits: SqlLimits, bound: Mapping[str, Bound]) -> bytes:
    """Return the answer to a query on a snapshot's file; afterwards this process can open no file any more."""
    try:
        limit_resources(int(limits.memory_mb * 1.5 * _MB) + 256 * _MB, limits.seconds)
        refuse_calls()  # before the file is opened, so that DuckDB cannot ask for its name
        connection = _connect(path, limits)
        confine(limits.needs_landlock)
        return orjson.dumps(_run(connection, sql, limits, bound))
    except StatementRefusedError as error:
        return _problem("refused", str(error))
    except SandboxError as error:
        return _problem("sandbox", str(error))
    except _AnswerTooLargeError as error:
        return _problem("too_large", str(error))
    except (MemoryError, duckdb.OutOfMemoryException):
        return _problem("too_large", f"the query needs more than {limits.memory_mb} MB of memory")
    except (duckdb.Error, _WrappedError) as error:
        return _failed(error, sql, path)
    except OSError as error:
        return _problem("failed", f"the snapshot cannot be opened: {error.strerror}")
    except RecursionError:
        return _problem("failed", "the query is nested too deeply")


def _connect(path: str, limits: SqlLimits) -> "DuckDBPyConnection":
    """Return a connection to a snapshot's file, of whose place DuckDB knows the file's name alone."""
    file = Path(path)
    folder = os.open(file.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection = connect(
            f"/proc/self/fd/{folder}/{file.name}",
            read_only=True,
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "allow_unsigned_extensions": "false",
                "allow_persistent_secrets": "false",
                "python_enable_replacements": "false",
                "memory_limit": f"{limits.memory_mb}MB",
                "max_temp_directory_size": "0B",
                "temp_directory": "",
                "threads": "1",
            },
        )
    finally:
        os.close(folder)
    connection.execute("set errors_as_json = true")
    connection.execute("set TimeZone = 'UTC'")  # the only zone for which no file is read
    connection.execute("set lock_configuration = true")
    return connection


def _run(connection: "DuckDBPyConnection", sql: str, limits: SqlLimits, bound: Mapping[str, Bound]) -> Answer:
    statements = checked_statements(connection, sql, bound)
    used = {name for statement in statements for name in statement.named_parameters}
    values = {name: bound[name].value() for name in used}
    columns: list[list[str]] = []
    result: DuckDBPyConnection | DuckDBPyRelation = connection
    if len(statements) > 1:
        columns, result = _pivoted(connection, statements)
    elif not (columns := _execute_with_texts(connection, sql, values)):
        connection.execute(statements[0], values)
    is_wrapped = bool(columns) and len(statements) == 1
    columns = columns or [[column[0], str(column[1])] for column in connection.description or []]
    if len(columns) > limits.columns:
        raise _AnswerTooLargeError(
            f"the answer has {len(columns):,} columns, and {limits.columns:,} are allowed; choose fewer"
        )
    try:
        rows = _rows(result, limits)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise (_WrappedError(str(error)) if is_wrapped else error) from error
    is_cut, kept = len(rows) > limits.rows, rows[: limits.rows]
    return {"columns": columns, "rows": kept, "is_cut": is_cut, "parameters": sorted(used)}


def _pivoted(connection: "DuckDBPyConnection", statements: Sequence[Any]) -> tuple[list[list[str]], "DuckDBPyRelation"]:
    """Return the columns of PIVOT, which cannot stand in another query and has no parameters, and its answer."""
    *made, last = statements
    for statement in made:
        connection.execute(statement)
    found = connection.sql(last)
    kinds = [str(kind) for kind in found.types]
    texts = texts_of(kinds)
    columns = [[name, kind] for name, kind in zip(found.columns, kinds, strict=True)]
    return columns, found.query("answer", f"from answer as {texts}") if texts else found


def _rows(result: "DuckDBPyConnection | DuckDBPyRelation", limits: SqlLimits) -> list[list[Any]]:
    """Return the rows of an answer, up to one more than its limit."""
    rows: list[list[Any]] = []
    size = 0
    while batch := result.fetchmany(min(_AT_ONCE, limits.rows + 1 - len(rows))):
        values = [[_value(value) for value in row] for row in batch]
        size += len(orjson.dumps(values))
        if size > limits.answer_mb * _MB:
            raise _AnswerTooLargeError(f"the answer has more than {limits.answer_mb} MB; choose fewer rows or columns")
        rows += values
        if len(rows) > limits.rows:
            break
    return rows


def _execute_with_texts(connection: "DuckDBPyConnection", sql: str, values: Mapping[str, Any]) -> list[list[str]]:
    """Execute a query so that values which Python cannot hold come as texts, and return the columns.

    Nothing is executed, and no column returned, where there is no such column, or where the query cannot stand in
    another one, such as SHOW. Errors of the query itself then come from the plain way, with their places.
    """
    text = sql.rstrip().rstrip(";")
    try:
        columns = [row[:2] for row in connection.execute(f"describe {text}", values).fetchall()]
        wrapped = sql_with_texts(text, [kind for _, kind in columns])
        if not wrapped or len(connection.extract_statements(wrapped)) != 1:
            return []
        connection.execute(wrapped, values)
    except (MemoryError, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        return []
    return [[name, kind] for name, kind in columns]


def _value(value: Any) -> Any:
    """Return a value in a form that JSON has."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_EXACT <= value <= _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return format(value, "f")  # str() would write 0E-10
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_value(item) for item in value]
        case dict():
            return {str(key): _value(item) for key, item in value.items()}
    return str(value)


def _problem(kind: str, message: str, place: QueryPlace | None = None) -> bytes:
    return orjson.dumps({"error": kind, "message": message, "place": place and list(place)})


def _failed(error: Exception, sql: str, path: str) -> bytes:
    """Return the problem of an error of DuckDB, with its place in the query."""
    is_wrapped = isinstance(error, _WrappedError)
    words, place = words_of(str(error), BEFORE + sql if is_wrapped else sql)
    if place and is_wrapped:
        place = QueryPlace(place.line - 1, place.column)
    return _problem("failed", _without_path(words, path), place)


def _without_path(message: str, path: str) -> str:
    """Return a message without the place of the snapshot's file, which DuckDB knows where no call is refused."""
    return message.replace(path, "the snapshot").replace(str(Path(path).parent), "")
