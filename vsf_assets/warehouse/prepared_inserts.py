"""Inserts data frames with prepared statements, planned once per table.

Here: inserting frames over one connection. Not here: which rows belong to a delivery, and its
transaction (ledger.py).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection


class _Slot:
    """What a planned insert reads: the frame that lies in it, which DuckDB takes without pyarrow."""

    def __init__(self, frame: "pl.DataFrame"):
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


class Inserts:
    """The inserts of frames over a connection.

    Planning an insert takes as long as inserting a thousand rows, so it is planned once for a table and a
    frame's columns and types, and executed with other frames of the same.

    Attributes:
        connection: the warehouse, opened for writing.
    """

    def __init__(self, connection: "DuckDBPyConnection"):
        self.connection = connection
        self._planned: dict[object, tuple[str, _Slot]] = {}

    def expect_few_rows(self) -> None:
        """Spare what pays with many rows: sharing them out among threads, and looking for a better plan.

        Both hold for the whole database until it is closed. Filters are still pushed down: the statements that find
        or delete one file's rows would read whole tables without it.
        """
        names = "select string_agg(name) from duckdb_optimizers() where name <> 'filter_pushdown'"
        (optimizers,) = self.connection.execute(names).fetchall()[0]
        self.connection.execute("set threads = 1")
        self.connection.execute(f"set disabled_optimizers = '{optimizers}'")

    def add(self, table: str, frame: "pl.DataFrame", **constants: int) -> None:
        """Insert a frame by the names of its columns.

        Args:
            table: where to.
            frame: the rows.
            constants: columns that hold the same number in every row.
        """
        key = (table, *constants, *frame.schema.items())
        if key in self._planned:
            name, held_rows = self._planned[key]
            held_rows.frame = frame
        else:
            name, held_rows = f"insert_{len(self._planned)}", _Slot(frame)
            columns = "".join(f"${number}::bigint as {column}, " for number, column in enumerate(constants, 1))
            sql = f"prepare {name} as insert into {table} by name select {columns}* from held_rows"  # noqa: S608
            self.connection.execute(sql)
            self._planned[key] = (name, held_rows)
        values = f"({', '.join(map(str, constants.values()))})" if constants else ""
        # Where DuckDB plans again after all, it still finds the frame by the variable's name.
        self.connection.execute(f"execute {name}{values}")
        held_rows.frame = frame.clear()


@contextmanager
def block_missing_optional_imports() -> Iterator[None]:
    """Tell the import system for a moment that what is not installed is not there.

    DuckDB tries to import pandas for each bound value and pyarrow for each frame, and each time all of
    `sys.path` is searched: for the rows of a small file that is longer than the transaction. Nothing may be
    imported meanwhile.
    """
    searched = ("pandas", "pyarrow", "pyarrow.dataset")
    names = [name for name in searched if name not in sys.modules and not _is_installed(name.split(".")[0])]
    sys.modules.update(dict.fromkeys(names, cast(ModuleType, None)))
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


@cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None
