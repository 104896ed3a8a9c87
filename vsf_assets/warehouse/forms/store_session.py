"""How a run stores deliveries in a form: what it may do before a delivery's turn, and how the turn begins and ends.

Here: the interface, and the way of the forms that have one user at a time. Not here: what a delivery is, and the
statements that store it (warehouse/writer.py, warehouse/ledger.py).
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")


class HeldRows(Protocol):
    """Rows in memory, which DuckDB reads (duckdb_private.FrameSlot)."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""


class StoreSession:
    """Storing over one connection that nobody else writes to meanwhile.

    Attributes:
        connection: the warehouse, opened for writing.
    """

    alone = True
    """Whether nobody else writes while the session is open."""

    def __init__(self, connection: "DuckDBPyConnection"):
        self.connection = connection

    def close(self) -> None:
        """End what the session has begun by itself; the connection that it was given is the caller's."""

    def stage(self, table: str, id_column: str, file_id: int, rows: "Sequence[Path] | HeldRows") -> None:
        """Do what can be done for rows of a file before its turn.

        Args:
            table: the table.
            id_column: its column with the id of the file.
            file_id: the id.
            rows: Parquet files, or rows in memory, with its other columns.
        """

    def in_turn(self, store: Callable[[], T]) -> T:
        """Call a function that compares files with the ledger and stores a delivery; return its result."""
        return store()

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("begin transaction")

    def insert_at_once(self, table: str, rows: "HeldRows") -> bool:  # noqa: ARG002
        """Insert rows of a delivery that its turn brought; return whether the session has its own way to do so."""
        return False

    def before_commit(self, deleted_from: Collection[str]) -> None:
        """Do what has to be done before a transaction is committed.

        Args:
            deleted_from: tables from which it deleted rows.
        """

    def insert_staged(self, table: str, file_id: int) -> bool:  # noqa: ARG002
        """Insert the staged rows of a file into a table; return whether there are any."""
        return False
