"""Stores deliveries in a lake that other runs store in too.

Here: rows that wait in the lake as Parquet files before the turn of their delivery, the commit lock, and what follows
after an error. Not here: the lock itself and the fence (warehouse/shared/), and the statements of a delivery
(warehouse/ledger.py).

Under the lock are only the comparison with the ledger and the file, the names of the Parquet files, and a row of the
ledger. After any error of a commit its text tells nothing, since the answer may have been lost: the lock is taken anew,
so that the fence refuses what is still under way, and the ledger is read.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vsf_assets.common.duckdb_extensions import sql_text
from vsf_assets.common.errors import VsfError, WarehouseUnavailableError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms.form import DATABASE
from vsf_assets.warehouse.forms.lake_index import PARQUET
from vsf_assets.warehouse.forms.shared_attach import data_path
from vsf_assets.warehouse.forms.store_session import HeldRows, StoreSession
from vsf_assets.warehouse.shared.control import recorded_versions, schema_of
from vsf_assets.warehouse.shared.fence import sign
from vsf_assets.warehouse.shared.locks import LockSession, Token
from vsf_assets.warehouse.shared.postgres import where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Rows = Sequence[Path] | HeldRows

T = TypeVar("T")

PAUSES = (1.0, 4.0)
"""Seconds before each further attempt to store a delivery whose transaction ended with an error."""


class SharedStoreSession(StoreSession):
    """Stores in turns, each under the commit lock.

    Args:
        connection: an attached lake.
        schema: of the attached generation; if another one took over meanwhile, the fence refuses the first turn.
        open_locks: opens the session that holds the locks of the run.
        attach_again: attaches the lake again, given the schema of the generation before; returns the present one.
        settings: name the place of the data files.
        purpose: what others see who wait for the lock.
    """

    alone = False

    def __init__(
        self,
        connection: "DuckDBPyConnection",
        schema: str,
        open_locks: Callable[[], LockSession],
        attach_again: "Callable[[str], tuple[str, DuckDBPyConnection]]",
        settings: Settings,
        purpose: str,
    ):
        super().__init__(connection)
        self._attach_again, self._settings, self._purpose = attach_again, settings, purpose
        self._locks = open_locks()
        self._token: Token | None = None
        self._wanted: dict[tuple[str, int], tuple[str, Rows]] = {}
        self._staged: dict[tuple[str, int], str] = {}
        self._folders: dict[str, str] = {}
        self._count, self._began_at = 0, 0
        self._schema = schema
        self._versions = self._recorded()
        self._own: list[DuckDBPyConnection] = []

    def close(self) -> None:
        """Release the locks of the run, and close the connections that were opened after errors."""
        self._locks.close()
        for connection in self._own:
            connection.close()

    def stage(self, table: str, id_column: str, file_id: int, rows: "Rows") -> None:
        """Write the rows into the lake; the name of the file begins with the lock of the run, which is held."""
        self._wanted[table, file_id] = (id_column, rows)
        with plain_store_errors(self._settings):
            self._write(table, file_id)

    def _write(self, table: str, file_id: int) -> None:
        """Write staged rows as a Parquet file."""
        id_column, rows = self._wanted[table, file_id]
        self._staged[table, file_id] = self._written(table, rows, {id_column: file_id})

    def _written(self, table: str, rows: "Rows", constants: dict[str, int]) -> str:
        """Write rows as a Parquet file with the columns of their table, and flush it; return its path."""
        from vsf_assets.contracts import get_table
        from vsf_assets.contracts.derived_schemas import columns

        if isinstance(rows, Sequence):
            source, values = "read_parquet(?)", [[str(path) for path in rows]]
            given = self.connection.execute("describe select * from read_parquet(?)", values).fetchall()
            there = {name for name, *_ in given}
        else:
            staged_rows = rows  # noqa: F841 - DuckDB finds them by the name of this variable
            source, values, there = "staged_rows", [], set(rows.columns)
        known = {**dict(get_table(table).added), **{name: f'"{name}"' for name in there}, **constants}
        selected = [f'{known.get(c.name, "null")}::{c.type} as "{c.name}"' for c in columns(get_table(table))]
        path = self._new_path(table)
        self.connection.execute(
            f"copy (select {', '.join(selected)} from {source}) to '{sql_text(path)}'"  # noqa: S608
            f" (format parquet, {', '.join(f'{name} {value}' for name, value in PARQUET.items())})",
            values,
        )
        if is_address(path):
            # DuckDB keeps what DuckLake reads under the lock, to name the file in the catalog.
            self.connection.execute("select count(*) from parquet_metadata(?)", [path]).fetchall()
        else:
            _flush(Path(path))
            _flush(Path(path).parent)
        return path

    def _new_path(self, table: str) -> str:
        """Return the path of a new data file; folders are made, and flushed up to the lake."""
        folder = self._folder_of(table)
        if not is_address(folder):
            _make_folder(Path(folder))
        self._count += 1
        return f"{folder}{self._locks.run_id}-{self._count}.parquet"

    def _folder_of(self, table: str) -> str:
        """Return the folder of a table's data files, with a slash at its end; paths below it are stored relative."""
        if table not in self._folders:
            schema, name = table.split(".")
            sql = f"""
                select schemas.path || tables.path from {_METADATA}.{self._schema}.ducklake_table as tables
                inner join {_METADATA}.{self._schema}.ducklake_schema as schemas using (schema_id)
                where tables.table_name = ? and schemas.schema_name = ? and tables.end_snapshot is null
            """  # noqa: S608
            ((inside,),) = self.connection.execute(sql, [name, schema]).fetchall()
            self._folders[table] = f"{data_path(self._settings, self._schema)}{inside}"
        return self._folders[table]

    def in_turn(self, store: Callable[[], T]) -> T:
        """Call a function under the commit lock, again after an error of the database.

        Raises:
            LockLostError: the session of the locks has ended; whether the delivery is stored, the next run finds.
            VsfError: `vsf migrate` changed the tables meanwhile, or the last of several attempts failed.
        """
        import duckdb

        with plain_store_errors(self._settings):
            for pause in (*PAUSES, None):
                try:
                    with self._locks.hold("commit", self._purpose) as self._token:
                        self._refuse_changed(self._token)
                        found = store()
                    break
                except duckdb.Error:
                    if pause is None:
                        raise
                    time.sleep(pause)
                    self._begin_again()
        self._wanted.clear()
        self._staged.clear()
        return found

    def begin(self) -> None:
        """Begin a transaction that shows the lock to the fence, and the snapshot that it sees."""
        if self._token is None:
            raise RuntimeError("a delivery is stored in its turn")
        self._began_at = now_for_files()
        self.connection.execute("begin transaction")
        sign(self.connection, DATABASE, self._token, self._purpose)

    def insert_staged(self, table: str, file_id: int) -> bool:
        """Name the Parquet file of the rows in the catalog."""
        path = self._staged.get((table, file_id))
        if path is None:
            return False
        self._add(table, path)
        return True

    def insert_at_once(self, table: str, rows: HeldRows) -> bool:
        """Write and flush the rows here, if they are for a folder: what DuckLake writes there nobody flushes."""
        if is_address(self._settings.lake):
            return False
        self._add(table, self._written(table, rows, {}))
        return True

    def before_commit(self, deleted_from: Collection[str]) -> None:
        """Flush what DuckLake wrote in a folder about deleted rows, in this transaction."""
        if is_address(self._settings.lake):
            return
        for folder in {self._folder_of(table) for table in deleted_from}:
            flush_own_files(Path(folder), self._began_at)

    def _add(self, table: str, path: str) -> None:
        schema, name = table.split(".")
        self.connection.execute(
            f"call ducklake_add_data_files('{DATABASE}', ?, ?, schema => ?)", [name, path, schema]
        ).fetchall()

    def _begin_again(self) -> None:
        """Attach the lake over new sessions, and stage the rows again.

        DuckLake may have removed files that it could not name, and another generation may hold by now.
        """
        self._schema, connection = self._attach_again(self._schema)
        self._own.append(connection)
        self.connection = connection
        self._versions = self._recorded()
        self._staged.clear()
        self._folders.clear()
        for table, file_id in self._wanted:
            self._write(table, file_id)

    def _recorded(self) -> dict[str, str]:
        with self._locks.connection() as control:
            return recorded_versions(control, int(self._schema.removeprefix("vsf_g")))

    def _refuse_changed(self, token: Token) -> None:
        """Refuse to store under other tables than those that this run was compared with when it began."""
        import duckdb

        if schema_of(token.generation or 0) != self._schema:
            raise duckdb.TransactionException("another generation of the lake holds now")
        if self._recorded() != self._versions:
            raise VsfError("vsf migrate changed the tables of the lake during this run; run the command again")


@contextmanager
def plain_store_errors(settings: Settings) -> Iterator[None]:
    """Say in plain words that the lake cannot be written; errors of a full disk keep their cause.

    Raises:
        WarehouseUnavailableError: database or place of the data files did not answer.
    """
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.HTTPException, duckdb.TransactionException, duckdb.ConnectionException) as error:
        first = str(error).strip().splitlines()[0]
        raise WarehouseUnavailableError(
            f"deliveries could not be stored in the lake ({where(settings.lake_database)}, {settings.lake}): {first}."
            " What is not stored stays where it landed; the next run stores it"
        ) from error


def now_for_files() -> int:
    """Return a time that no file has which is written from now on, nanoseconds since 1970."""
    return time.time_ns() - _CLOCK_NS


def flush_own_files(folder: Path, since: int) -> None:
    """Flush what DuckLake itself wrote into the folder of a table since a time, and the folder."""
    if not folder.is_dir():
        return
    for path in folder.rglob(f"{_OWN_NAMES}*"):
        if path.stat().st_mtime_ns >= since:
            _flush(path)
            _flush(path.parent)
    _flush(folder)


_OWN_NAMES = "ducklake-"
"""Start of the names that DuckLake gives to files."""

_CLOCK_NS = 10**9
"""By which times of files may be behind the clock, nanoseconds."""

_METADATA = f"__ducklake_metadata_{DATABASE}"


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that a loss of power leaves them there."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
