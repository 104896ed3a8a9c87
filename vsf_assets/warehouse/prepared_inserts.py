"""Inserts data frames with prepared statements, planned once per table.

Here: inserting frames over one connection. Not here: which rows belong to a delivery, and its transaction (ledger.py).
"""

from typing import TYPE_CHECKING

from vsf_assets.warehouse.duckdb_private import FrameSlot

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection


class Inserts:
    """Prepared inserts of frames over a connection.

    Planning an insert takes as long as inserting a thousand rows. So each combination of table, columns and types is
    planned once, and executed for every frame with these columns and types.

    Attributes:
        connection: the warehouse, opened for writing.
    """

    def __init__(self, connection: "DuckDBPyConnection"):
        self.connection = connection
        self._planned: dict[object, tuple[str, FrameSlot]] = {}

    def add(self, table: str, frame: "pl.DataFrame", **constants: int) -> None:
        """Insert a frame, matching columns by name.

        Args:
            table: the target table.
            frame: the rows.
            constants: column -> its number in every row.
        """
        key = (table, *constants, *frame.schema.items())
        if key in self._planned:
            name, held_rows = self._planned[key]
            held_rows.frame = frame
        else:
            name, held_rows = f"insert_{len(self._planned)}", FrameSlot(frame)
            columns = "".join(f"${number}::bigint as {column}, " for number, column in enumerate(constants, 1))
            sql = f"prepare {name} as insert into {table} by name select {columns}* from held_rows"  # noqa: S608
            self.connection.execute(sql)
            self._planned[key] = (name, held_rows)
        values = f"({', '.join(map(str, constants.values()))})" if constants else ""
        # If DuckDB plans the statement again, it finds the frame by the name of this variable.
        self.connection.execute(f"execute {name}{values}")
        held_rows.frame = frame.clear()
