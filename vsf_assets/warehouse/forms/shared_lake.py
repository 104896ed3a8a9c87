"""The form of a lake that several machines share: a catalog in PostgreSQL, Parquet files in a bucket or a folder.

Here: opening it, its locks, and what of the interface it has. Not here: attaching (shared_attach.py), storing
deliveries (shared_store.py), making its tables (shared_tables.py), and what keeps commits safe (warehouse/shared/).
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vsf_assets.common.errors import VsfError
from vsf_assets.common.file_copy import copy_into
from vsf_assets.config.settings import Settings, export_of_file
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms import shared_attach, shared_build, shared_rebuild, shared_tables, shared_upkeep
from vsf_assets.warehouse.forms.form import BuildTarget, Form, MakeTables
from vsf_assets.warehouse.forms.run_notes import RunNotes
from vsf_assets.warehouse.forms.shared_build import Pin
from vsf_assets.warehouse.forms.shared_notes import SharedNotes
from vsf_assets.warehouse.forms.shared_rebuild import NewGeneration
from vsf_assets.warehouse.forms.shared_store import SharedStoreSession
from vsf_assets.warehouse.forms.store_session import StoreSession
from vsf_assets.warehouse.shared.control import current_generation, generations, has_control, schema_of
from vsf_assets.warehouse.shared.locks import OF_DAGSTER, LockSession, Token, dead_runs, forget_runs
from vsf_assets.warehouse.shared.postgres import open_connection, where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from psycopg import Connection

_building: dict[str, Token] = {}
"""Connection string -> the build lock that this process holds there."""


@dataclass(frozen=True)
class SharedLake(Form):
    """A warehouse that several machines share; `file` names nothing but a folder of this home for scratch files.

    Attributes:
        pin: what a build reads; None outside of one.
        new: the generation that a rebuild makes; None for the one that holds.
    """

    pin: Pin | None = None
    new: NewGeneration | None = None

    @classmethod
    def of(cls, settings: Settings) -> "SharedLake":
        """Return the warehouse of the settings in this form."""
        return cls(settings, settings.home / "warehouse" / "shared-lake")

    @property
    def exists(self) -> bool:
        """Whether a generation holds."""
        with self.control() as connection:
            return has_control(connection) and generations(connection).current is not None

    def last_write(self) -> tuple[str, float] | None:
        """The newest version of the generation that holds, and its time by PostgreSQL's clock."""
        with self.control() as connection:
            current = generations(connection).current if has_control(connection) else None
            if current is None:
                return None
            sql = "select snapshot_id, extract(epoch from snapshot_time)::float8 from {}.ducklake_snapshot"
            newest = f"{sql.format(schema_of(current))} order by snapshot_id desc limit 1"
            row = connection.execute(newest.encode()).fetchone()
        return None if row is None else (f"{current}/{row[0]}", float(row[1]))

    @property
    def place(self) -> str:
        """Database and place of the data files."""
        return f"{where(self.settings.lake_database)}, with data files in {self.settings.lake}"

    @property
    def disk(self) -> Path:
        """The lake, or the scratch folder if the lake is in a bucket."""
        return self.settings.home if is_address(self.settings.lake) else Path(self.settings.lake)

    @property
    def kept_elsewhere(self) -> tuple[str, ...]:
        """Database and data files."""
        return (where(self.settings.lake_database), f"the lake in {self.settings.lake}")

    @property
    def shares_rows(self) -> bool:
        """Snapshots are catalogs."""
        return True

    @property
    def has_one_user(self) -> bool:
        """Several runs store at once."""
        return False

    @contextmanager
    def control(self) -> "Iterator[Connection[tuple[Any, ...]]]":
        """Open a session of PostgreSQL for a block."""
        export_of_file("PG")
        with open_connection(self.settings.lake_database, f"vsf {os.getpid()}") as connection:
            yield connection

    def lock_session(self, run_id: str, on_wait: Callable[[str], None]) -> LockSession:
        """Open a session that holds the locks of a run; a run may have several, so it gets a word of its own."""
        export_of_file("PG")
        return LockSession(
            self.settings.lake_database,
            f"{run_id}-{secrets.token_hex(4)}",
            takeover_seconds=self.settings.lock_takeover_seconds,
            wait_seconds=self.settings.lock_wait_seconds,
            on_wait=on_wait,
        )

    @contextmanager
    def lock(self, purpose: str, on_wait: Callable[[str], None]) -> Iterator[int]:
        """Hold the build lock; what is written meanwhile shows it to the fence."""
        database = self.settings.lake_database
        with self.lock_session("build", on_wait) as session, session.hold("build", purpose) as token:
            nothing, shown = os.open(os.devnull, os.O_RDWR), _text(token)
            _building[database] = token
            try:
                yield nothing
            finally:
                del _building[database]
                os.close(nothing)
                # What was shown, and not `_text(token)`: a session that is lost by now does not undo what was built.
                shared_attach.forget(self.settings, schema_of(token.generation or 0), shown)

    def _build_lock(self) -> Token:
        """Return the build lock, which the caller holds."""
        token = _building.get(self.settings.lake_database)
        if token is None:
            raise RuntimeError("this is done under the lock of the warehouse (Warehouse.lock), which nobody holds here")
        return token

    def has_prepared_tables(self, versions: Callable[[], Mapping[str, str]]) -> bool:
        """They are made by `vsf prepare`, and changed by `vsf migrate`."""
        if self.new is None:
            with self.control() as connection:
                shared_tables.refuse_others(connection, versions())
        return True

    def prepare(self, versions: Mapping[str, str], make_tables: MakeTables, log: Callable[[str], None]) -> None:
        """Make the control schema, the first generation with its tables, and the fence."""
        shared_tables.prepare(self.settings, self.config(), versions, make_tables, log)

    def migrate(self, versions: Mapping[str, str], make_tables: MakeTables, log: Callable[[str], None]) -> None:
        """Change the tables, and record for whom."""
        shared_tables.migrate(self.settings, self.config(), versions, make_tables, log)

    def schema(self) -> str:
        """Return the schema of the generation that holds.

        Raises:
            VsfError: there is none yet.
        """
        if self.new:
            return self.new.schema
        with self.control() as connection:
            if not has_control(connection):
                raise VsfError(f"{where(self.settings.lake_database)} holds no lake yet; make it with: vsf prepare")
            return schema_of(current_generation(connection))

    @contextmanager
    def connect(self, read_only: bool) -> "Iterator[DuckDBPyConnection]":
        """Attach the generation that holds; while this process holds the build lock, commits show it."""
        if self.pin:
            connection = shared_build.cursor(self.settings, self.config(), self.pin)
        else:
            token = None if read_only else _building.get(self.settings.lake_database)
            shown = _text(token) if token else ""
            connection = shared_attach.cursor(self.settings, self.config(), self.schema(), shown, read_only)
        with shared_attach.closing_without_transaction(connection):
            yield connection

    def store_session(
        self, connection: "DuckDBPyConnection", run_id: str, purpose: str, on_wait: Callable[[str], None]
    ) -> StoreSession:
        """Return how a run stores deliveries beside other runs."""
        return SharedStoreSession(
            connection,
            self.schema(),
            lambda: self.lock_session(run_id, on_wait),
            self._attached_again,
            self.settings,
            purpose,
        )

    def run_notes(self, run_id: str, on_wait: Callable[[str], None]) -> RunNotes:
        """Return the notes in the database."""
        return SharedNotes(lambda: self.lock_session(run_id, on_wait))

    @contextmanager
    def presence(self, run_id: str, on_wait: Callable[[str], None]) -> Iterator[object]:
        """Hold the lock of a run of Dagster, if the lake is prepared."""
        if not self.exists:
            yield None
            return
        database, takeover = self.settings.lake_database, self.settings.lock_takeover_seconds
        with LockSession(database, OF_DAGSTER + run_id, takeover_seconds=takeover, on_wait=on_wait) as session:
            yield session

    def dead_runs(self) -> list[str]:
        """Return the runs of Dagster whose lock is free though they took it."""
        with self.control() as connection:
            dead = dead_runs(connection) if has_control(connection) else []
        return [run.removeprefix(OF_DAGSTER) for run in dead if run.startswith(OF_DAGSTER)]

    def forget_dead_runs(self, runs: Sequence[str]) -> None:
        """Forget their rows."""
        with self.control() as connection:
            forget_runs(connection, [OF_DAGSTER + run for run in runs])

    def owner_id(self) -> str | None:
        """Return the id of the lake, which all its homes have; None before it is prepared."""
        with self.control() as connection:
            return shared_tables.lake_id(connection)

    def _attached_again(self, schema: str) -> "tuple[str, DuckDBPyConnection]":
        """Attach the generation that holds now, over new sessions; return its schema too."""
        shared_attach.forget(self.settings, schema)
        schema = self.schema()
        return schema, shared_attach.cursor(self.settings, self.config(), schema)

    def pinned(self) -> "SharedLake":
        """Pin the newest version; the caller holds the build lock."""
        token = self._build_lock()
        with self.control() as connection:
            return replace(self, pin=shared_build.pin_newest(connection, self.schema(), token))

    @property
    def delivered(self) -> str:
        """The database of the pinned version."""
        return f"{self.pin.database}." if self.pin else ""

    @property
    def epoch(self) -> int:
        """That of the build lock."""
        return self.pin.epoch if self.pin else 0

    @property
    def size(self) -> int:
        """No file grows on this machine."""
        return 0

    @contextmanager
    def building(self) -> Iterator[BuildTarget]:
        """Attach the lake with the lock of the build, and the pinned version."""
        shared_attach.keep_from_removing(self.settings)
        pin = self._known_pin()
        yield shared_build.target_of(self.settings, pin.schema, pin.token, pin)

    def _known_pin(self) -> Pin:
        if self.pin is None:
            raise RuntimeError("a build of a shared lake reads a pinned version")
        return self.pin

    def checkpoint(self, connection: "DuckDBPyConnection") -> None:
        """Nothing is left to do: each commit is durable."""

    def copy_to(self, target: BinaryIO, published: Path) -> bool:
        """Write the catalog with the pinned version and the newest one."""
        with self._published(published.parent) as made:
            copy_into(made, target)
        return False

    @contextmanager
    def to_upload(self) -> Iterator[Path]:
        """Write the catalog with the pinned version and the newest one."""
        with self._published(None) as made:
            yield made

    @contextmanager
    def _published(self, folder: Path | None) -> Iterator[Path]:
        pin = self._known_pin()
        with self.control() as connection:
            shared_build.flush_files(connection, self.settings, pin.schema, pin.version)
        with shared_build.published_file(self.settings, pin, folder) as made:
            yield made

    def beside(self) -> "SharedLake":
        """Start a new generation, under the build lock."""
        token = self._build_lock()
        new = shared_rebuild.start(self.settings, self.config(), token)
        return replace(self, file=self.rebuild_folder / self.file.name, new=new)

    def replace_with(self, beside: Form) -> None:
        """Let a new generation take over, with what runs delivered meanwhile."""
        new = beside.new if isinstance(beside, SharedLake) else None
        if new is None:
            raise RuntimeError("only a new generation replaces a shared lake")
        shared_rebuild.take_over(self.settings, self.config(), self._build_lock(), new)

    @property
    def needs_upkeep(self) -> bool:
        """Small files are merged, and files that nobody needs are removed."""
        return True

    def keep_up(self, snapshots: Callable[[], Sequence[Path | str]], now: float, dry_run: bool) -> list[int]:  # noqa: ARG002
        """Merge small data files, forget old versions, and remove what nobody needs, by PostgreSQL's clock."""
        token = self._build_lock()
        return shared_upkeep.keep_up(self.settings, self.config(), token, snapshots, dry_run)

    def after_replacing(self, beside: Form) -> Form:
        """Return the new generation as its build left it: what came since belongs to the next build."""
        return beside


def _text(token: Token) -> str:
    return token.text()
