"""Opens the warehouse, and creates its raw tables.

Here: locked connections, and DDL from the contracts. Not here: where the tables are stored (forms/), writing rows
(ledger.py, transform/build_state.py) and snapshots (publish/publish.py).
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.full_disk import is_full, room_for
from vsf_assets.storage.spill_folder import spill_folder
from vsf_assets.warehouse.forms.choose import form_of, others_of, refuse_other_form
from vsf_assets.warehouse.forms.form import BuildTarget, Form
from vsf_assets.warehouse.lock import hold_lock, share_lock
from vsf_assets.warehouse.table_versions import table_versions
from vsf_assets.warehouse.writer import Writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.contracts.table import Table

LEAST_ROOM = 16 << 20
"""Bytes that a small transaction may write: DuckDB writes whole blocks of 256 KB per column, and its log before."""


_known: dict[Path, tuple[object, ...]] = {}
"""State of each warehouse after this process wrote to it. While a file is in that state its raw tables are as they must
be; listing them and their comments takes as long as opening the file."""


@dataclass(frozen=True)
class Warehouse:
    """The working tables of a home, under the writer lock.

    Attributes:
        settings: limits, waits and folders.
        form: where the tables are stored.
        on_wait: receives one message if another process holds the lock.
    """

    settings: Settings
    form: Form
    on_wait: Callable[[str], None] = lambda _: None

    @classmethod
    def of(cls, settings: Settings, on_wait: Callable[[str], None] = lambda _: None) -> "Warehouse":
        """Return the warehouse of the settings' home."""
        return cls(settings, form_of(settings), on_wait)

    @property
    def file(self) -> Path:
        """The file that every write changes."""
        return self.form.file

    @property
    def exists(self) -> bool:
        """Whether there is a warehouse."""
        return self.form.exists

    @property
    def lock_file(self) -> Path:
        """The lock file of the home, also during a rebuild; forms with several users have other locks."""
        return self.settings.home / "warehouse" / "warehouse.lock"

    def lock(self, purpose: str) -> AbstractContextManager[int]:
        """Hold the lock of builds and of whatever writes for long; raises the errors of lock.hold_lock."""
        if not self.form.has_one_user:
            return self.form.lock(purpose, self.on_wait)
        return hold_lock(self.lock_file, purpose, self.settings.lock_wait_seconds, self.on_wait)

    @contextmanager
    def share_at_once(self) -> Iterator[None]:
        """Keep writers away while somebody reads who neither waits nor writes anything, in forms with one user.

        Raises:
            LockTimeoutError: a writer holds the lock.
            OSError: another user owns lock or warehouse, and they may not be read.
        """
        if not self.form.has_one_user:
            yield
            return
        with share_lock(self.lock_file):
            if self.file.exists() and not os.access(self.file, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.file))
            yield

    def _lock_of_one_user(self, purpose: str) -> AbstractContextManager[object]:
        return self.lock(purpose) if self.form.has_one_user else nullcontext()

    @contextmanager
    def connect(self, read_only: bool = False) -> Iterator["DuckDBPyConnection"]:
        """Open the warehouse, and close it at the end of the block; the caller holds the lock.

        Raises:
            FullDiskError: the disk has no room for the written rows, or for DuckDB's temporary files.
            VsfError: the warehouse cannot be opened, or the home has one in another form.
        """
        with self._room(), self._connect(read_only) as connection:
            yield connection

    @contextmanager
    def building(self) -> Iterator[BuildTarget]:
        """Let another program, such as dbt, write for a block; the caller holds the lock.

        Raises:
            VsfError: the home has a warehouse in another form.
        """
        self._refuse_other_form()
        with self.form.building() as target:
            yield target

    def keep_up(self, snapshots: Callable[[], Sequence[Path | str]], now: float, dry_run: bool = False) -> list[int]:
        """Put in order what many small writes left, in the forms that need it; see `Form.keep_up`.

        Raises:
            LockTimeoutError: a run holds the lock.
            FullDiskError, VsfError: it failed; the warehouse is as it was.
        """
        import duckdb

        if not self.form.needs_upkeep:
            return []
        with self.lock("maintenance"), self._room():
            self._refuse_other_form()
            try:
                return self.form.keep_up(snapshots, now, dry_run)
            except duckdb.Error as error:
                if is_full(error):
                    raise
                raise VsfError(f"the files of the warehouse could not be put in order: {error}") from error

    def checkpoint(self, connection: "DuckDBPyConnection") -> None:
        """Make `file` hold everything that was written; the connection is open for writing."""
        self.form.checkpoint(connection)

    def _room(self) -> AbstractContextManager[None]:
        return room_for("the warehouse", self.form.disk, self._room_needed, self.settings.scratch / "duckdb")

    def _room_needed(self) -> int:
        """Estimate the bytes that a transaction writes: the rows in scratch, once to the log and once to the file."""
        waiting = sum(path.stat().st_size for path in self.settings.scratch.glob("run-*/**/*.parquet"))
        return 2 * waiting + LEAST_ROOM

    def _refuse_other_form(self) -> None:
        if self.file == form_of(self.settings).file:
            refuse_other_form(self.settings)

    @contextmanager
    def _connect(self, read_only: bool) -> Iterator["DuckDBPyConnection"]:
        import duckdb

        self._refuse_other_form()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not read_only:  # `vsf status` writes nothing
            spill_folder(self.settings.scratch)
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self.form.connect(read_only))
            except duckdb.IOException as error:
                if is_full(error):
                    raise
                raise VsfError(
                    f"the warehouse {self.form.place} cannot be opened: {error}. If another program has it open, close"
                    " that (analysts read snapshots); if it is damaged, move it away and run: vsf rebuild"
                ) from error
            yield connection

    @contextmanager
    def write(self, purpose: str) -> Iterator["DuckDBPyConnection"]:
        """Hold the lock, open the warehouse for writing, and create missing raw tables."""
        with self.lock(purpose), self.connect_with_tables() as connection:
            yield connection

    @contextmanager
    def open_to_store(self, purpose: str) -> Iterator["DuckDBPyConnection"]:
        """Open the warehouse with its raw tables for a run that stores deliveries, and hold what it must hold."""
        with self._lock_of_one_user(purpose), self.connect_with_tables() as connection:
            yield connection

    @contextmanager
    def storing(self, run_id: str, purpose: str) -> Iterator[Writer]:
        """Open the warehouse as `open_to_store` does; yield what stores the deliveries of a run."""
        with (
            self.open_to_store(purpose) as connection,
            closing(self.form.store_session(connection, run_id, purpose, self.on_wait)) as session,
        ):
            yield Writer(session)

    @contextmanager
    def connect_with_tables(self) -> Iterator["DuckDBPyConnection"]:
        """Open the warehouse for writing, and create missing raw tables; the caller holds the lock.

        Raises:
            FullDiskError, VsfError: as `connect`, `ensure_tables` and `Form.has_prepared_tables`.
        """
        is_known = self.form.has_prepared_tables(partial(table_versions, self.settings))
        is_known = is_known or _known.get(self.file) == self._state()
        with self.connect() as connection:
            if not is_known:
                ensure_tables(connection, self.settings)
            yield connection
        self.remember_tables()

    def remember_tables(self) -> None:
        """Remember that the raw tables are as they must be in the file's present state, which nobody writes to now.

        For whoever wrote to other tables alone since `connect_with_tables`, holding the lock all the while.
        """
        _known[self.file] = self._state()

    def _state(self) -> tuple[object, ...]:
        """Return a value that changes when someone else writes to the file, or when the contracts change."""
        from vsf_assets.contracts import all_tables

        state = self.form.state_on_disk()
        return (object(),) if state is None else (*state, *all_tables().values())

    @contextmanager
    def read_at_once(self) -> Iterator["DuckDBPyConnection | None"]:
        """Open the warehouse for reading without waiting or writing anything; yield None if there is none yet.

        Raises:
            LockTimeoutError: a writer holds the lock.
            OSError: another user owns lock or warehouse, and they may not be read.
        """
        with self.share_at_once():
            if not self.exists:
                self._refuse_other_form()
                yield None
                return
            with self.connect(read_only=True) as connection:
                yield connection

    @contextmanager
    def read(self, purpose: str) -> Iterator["DuckDBPyConnection | None"]:
        """Open the warehouse for reading, and hold what a reader must hold; yield None if there is none yet."""
        with self._lock_of_one_user(purpose):
            if not self.exists:
                self._refuse_other_form()
                yield None
                return
            with self.connect(read_only=True) as connection:
                yield connection

    def prepare(self, log: Callable[[str], None]) -> None:
        """Make what no run makes by itself in this form, also before a home moves to it; safe to repeat."""
        self.form.prepare(table_versions(self.settings), partial(ensure_tables, settings=self.settings), log)

    def migrate(self, log: Callable[[str], None]) -> None:
        """Change the raw tables to those of this release, in forms in which no run does so."""
        self._refuse_other_form()
        self.form.migrate(table_versions(self.settings), partial(ensure_tables, settings=self.settings), log)

    def require_prepared_tables(self) -> None:
        """Refuse, in forms in which no run changes tables, those of another release.

        Raises:
            OtherReleaseError, VsfError: see `Form.has_prepared_tables`.
        """
        self.form.has_prepared_tables(partial(table_versions, self.settings))

    def pinned(self) -> "Warehouse":
        """Return the same warehouse for a build, with what runs deliver as it is now; the caller holds the lock."""
        return replace(self, form=self.form.pinned())

    def beside(self) -> "Warehouse":
        """Return an empty warehouse for a rebuild; the caller holds the lock.

        Raises:
            VsfError: the raw tables are those of another release; see `Form.has_prepared_tables`.
        """
        self.require_prepared_tables()
        return replace(self, form=self.form.beside())

    def lock_of_others(self, purpose: str) -> AbstractContextManager[object]:
        """Hold the lock of a warehouse that the home has in another form, while a rebuild replaces it."""
        if self.form.has_one_user or not others_of(self.settings):
            return nullcontext()  # it has the same lock
        return hold_lock(self.lock_file, purpose, self.settings.lock_wait_seconds, self.on_wait)

    def replace_with(self, beside: "Warehouse") -> "Warehouse":
        """Put a rebuilt warehouse in place of this one, and return what is published of it; the caller holds the lock.

        A warehouse that the home had in another form is removed.
        """
        self.form.replace_with(beside.form)
        for other in others_of(self.settings):
            other.remove()
        return replace(self, form=self.form.after_replacing(beside.form))

    def earlier(self) -> "Warehouse | None":
        """Return the warehouse that a rebuild replaces, in whichever form it is; None if there is none."""
        forms = [self.form, *others_of(self.settings)]
        if not self.form.has_one_user:
            forms.reverse()  # it was prepared empty, where the home moves there
        return next((replace(self, form=form) for form in forms if form.exists), None)


def ensure_tables(connection: "DuckDBPyConnection", settings: Settings | None = None) -> None:
    """Create missing raw tables; a feed table whose columns changed is recreated empty, and its originals read again.

    A table that lacks only columns of `Table.added` gets them and keeps its rows. Comments of tables and columns come
    from the contracts.

    Args:
        connection: the warehouse, opened for writing.
        settings: where the originals are; without it no table with rows is emptied.

    Raises:
        VsfError: a ledger table has other columns, or an original of a changed table is missing.
    """
    from vsf_assets.contracts import all_tables
    from vsf_assets.contracts.derived_schemas import columns, create_sql
    from vsf_assets.warehouse.comments import ensure_comments

    if not _has_schema(connection):
        _create_all(connection, list(all_tables().values()))
        return
    existing: dict[str, list[tuple[str, str]]] = {}
    rows = connection.execute(
        "select table_schema || '.' || table_name, column_name, lower(data_type)"
        " from information_schema.columns where table_schema = 'raw' order by ordinal_position"
    ).fetchall()
    for table_name, column, data_type in rows:
        existing.setdefault(table_name, []).append((column, data_type))
    to_create: list[str] = []
    for table in all_tables().values():
        wanted = [(c.name, c.type) for c in columns(table)]
        if existing.get(table.name) == wanted or _add_columns(connection, table, existing.get(table.name), wanted):
            continue
        if table.name in existing and not _may_be_emptied(connection, table, settings):
            raise VsfError(
                f"{table.name} was made with other columns, and not every original is at hand to be read again;"
                " if the archive is complete, run: vsf rebuild"
            )
        to_create += [f"drop table if exists {table.name}", create_sql(table)]
    if to_create:  # in one transaction: a first run makes them all
        connection.execute("; ".join(["begin transaction", *to_create, "commit"]))
    ensure_comments(connection, all_tables().values())


def _has_schema(connection: "DuckDBPyConnection") -> bool:
    """Whether the warehouse has the schema of the raw tables; a list of tables would first make all of DuckDB's views.

    That takes longer than opening a new file.
    """
    sql = "select 1 from duckdb_schemas() where database_name = current_database() and schema_name = 'raw'"
    return connection.execute(sql).fetchone() is not None


def _create_all(connection: "DuckDBPyConnection", tables: "list[Table]") -> None:
    """Create the raw tables of a new warehouse with their comments, in one transaction."""
    from vsf_assets.contracts.derived_schemas import create_sql
    from vsf_assets.warehouse.comments import comment_statements

    statements = ["create schema raw", *map(create_sql, tables), *comment_statements(tables)]
    connection.execute("; ".join(["begin transaction", *statements, "commit"]))


def _add_columns(
    connection: "DuckDBPyConnection",
    table: "Table",
    existing: list[tuple[str, str]] | None,
    wanted: list[tuple[str, str]],
) -> bool:
    """Add missing columns if all of them are in `Table.added`; return whether the table now has all columns."""
    values, types = dict(table.added), dict(wanted)
    lacking = [name for name, _ in wanted[len(existing or ()) :]]
    if not existing or wanted[: len(existing)] != existing or not all(name in values for name in lacking):
        return False
    for name in lacking:
        default = f"{types[name]} default {values[name]}"
        connection.execute(f'alter table {table.name} add column "{name}" {default}')
    return True


def _may_be_emptied(connection: "DuckDBPyConnection", table: "Table", settings: Settings | None) -> bool:
    """Whether a table can be emptied without loss: it has no rows, or every original is in the archive."""
    from vsf_assets.feeds import all_feeds
    from vsf_assets.storage.factory import open_store

    if not connection.table(table.name).limit(1).fetchall():
        return True
    feeds = [feed.name for feed in all_feeds().values() if table.name in feed.tables]
    if settings is None or not feeds:
        return False
    archive = open_store(settings.archive)
    sql = "select archive_path from raw.files where list_contains(?, feed) and status = 'loaded'"
    paths = {path for (path,) in connection.execute(sql, [feeds]).fetchall()}
    return len(archive.present(paths)) == len(paths)
