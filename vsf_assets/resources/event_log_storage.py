"""Dagster's event log storage in one SQLite file, with few transactions and without plans that came to nothing.

Here: the differences from Dagster's own storage. That one creates an engine for every connection, a dozen per event,
and each engine compiles its statements again, which takes longer than storing them. It stores each event in
transactions of its own: a build plans some 150 events and logs some 150 more. And it shows what a failed run planned
and did not reach as failed (run_plans.py). Not here: the choice of the storage (dagster.yaml). Connections are still
opened and closed one by one: closing the last one writes the log's main file, and the UI waits for that.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy
from dagster import AssetKey, DagsterInstance, EventLogEntry

from vsf_assets.resources.dagster_private import AssetRecord, ConsolidatedSqliteEventLogStorage
from vsf_assets.resources.run_plans import (
    forget_newest_of,
    forget_partitions,
    forget_unreached,
    is_end_of_failed_run,
    is_stored,
)
from vsf_assets.resources.sqlite_engine import shared_engine
from vsf_assets.storage.full_disk import DAGSTER_ROOM, room_for

FLUSH_SECONDS = 1.0
"""How long an event of a run may wait for others until it is stored, and the UI shows it."""


class EventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated SQLite event log with a shared engine; the configuration is the same (`base_dir`)."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._mine = threading.local()
        self._buffer: _Buffer | None = None
        self._columns: set[str] = set()
        super().__init__(*arguments, **named)

    @property
    def folder(self) -> str:
        """The folder of the file."""
        return self._base_dir

    @property
    def _engine(self) -> sqlalchemy.Engine:
        return shared_engine(self._conn_string)

    def has_table(self, table_name: str) -> bool:
        """Return whether the file has a table."""
        with self._engine.connect() as connection:
            return bool(sqlalchemy.inspect(connection).has_table(table_name))

    def has_asset_key_col(self, column_name: str) -> bool:
        """Return whether the table of assets has a column. Reading the record of an asset looks it up three times."""
        with self._connect() if column_name not in self._columns else nullcontext() as connection:
            return self._has_asset_key_col_on_connection(connection, column_name)

    def _has_asset_key_col_on_connection(self, conn: sqlalchemy.Connection | None, column_name: str) -> bool:
        if column_name not in self._columns and conn is not None:
            # A column that is there stays there; one that is missing may come with a migration.
            self._columns.update(column["name"] for column in sqlalchemy.inspect(conn).get_columns("asset_keys"))
        return column_name in self._columns

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        """Open a connection in a transaction, or use that of the batch that this thread stores."""
        open_one: sqlalchemy.Connection | None = getattr(self._mine, "connection", None)
        if open_one is not None:
            yield open_one
            return
        if self._buffer is not None and not getattr(self._mine, "may_wait", False):
            self._buffer.flush()  # who reads sees what was logged before
            self._buffer.forget()  # and may change it
        room = room_for("Dagster's events", self._base_dir, DAGSTER_ROOM)
        with room, self._engine.connect() as connection, connection.begin():
            yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event, or put it into the buffer of the run of this process.

        Raises:
            FullDiskError, sqlalchemy.exc.SQLAlchemyError: the events before it could not be stored.
        """
        if self._buffer is not None and getattr(self._mine, "connection", None) is None:
            self._buffer.add(event)
        else:
            self._store(event)

    def _store(self, event: EventLogEntry) -> None:
        """Store an event, unless it plans a check; the end of a failed run removes its plans that came to nothing."""
        if not is_stored(event):
            return
        super().store_event(event)
        if is_end_of_failed_run(event):
            with self._connect() as connection:
                forget_unreached(connection, event.run_id)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction: all of them, or none and an error."""
        if self._buffer is not None:
            for event in events:
                self._buffer.add(event)
            return
        self._store_together(events)

    def _store_together(self, events: Sequence[EventLogEntry]) -> None:
        room = room_for("Dagster's events", self._base_dir, DAGSTER_ROOM)
        with room, self._engine.connect() as connection, connection.begin():
            self._mine.connection = connection
            try:
                for event in events:
                    self._store(event)
            finally:
                self._mine.connection = None

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return the records of some assets, or of all.

        A step that writes many assets reads, for each of them, the records of those that it is made from. So records
        of what this run wrote are read together and kept, and events of assets that nobody reads go on waiting.

        Raises:
            FullDiskError, sqlalchemy.exc.SQLAlchemyError: events of these assets could not be stored.
        """
        buffer = self._buffer
        if buffer is None or asset_keys is None:
            return super().get_asset_records(asset_keys)
        if buffer.holds(asset_keys):
            buffer.flush()
        found, others, count = buffer.known(asset_keys)
        missing = [key for key in asset_keys if key not in found]
        if missing:
            found |= self._stored_records([*missing, *others])
            buffer.keep(found, count)
        return [found[key] for key in asset_keys if key in found]

    def _stored_records(self, asset_keys: Sequence[AssetKey]) -> dict[AssetKey, AssetRecord]:
        self._mine.may_wait = True
        try:
            return {record.asset_entry.asset_key: record for record in super().get_asset_records(asset_keys)}
        finally:
            self._mine.may_wait = False

    def delete_events_for_run(self, conn: sqlalchemy.Connection, run_id: str) -> None:
        """Delete the events of a run, and the copies of them that Dagster keeps as the newest of their assets."""
        super().delete_events_for_run(conn, run_id)
        forget_newest_of(conn, run_id)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Remove the events of some partitions of an asset, which Dagster's storages of SQL cannot."""
        with self._connect() as connection:
            forget_partitions(connection, asset_key.to_string(), partition_keys)

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Collect the events of this process, and store them together each second, before a read, and at the end.

        Raises:
            FullDiskError, sqlalchemy.exc.SQLAlchemyError: events could not be stored.
        """
        if self._buffer is not None:
            yield
            return
        self._buffer = _Buffer(self._store_together)
        try:
            yield
        finally:
            buffer, self._buffer = self._buffer, None
            buffer.close()


@contextmanager
def buffered_events(instance: DagsterInstance) -> Iterator[None]:
    """Collect the events that an instance stores in this process; see `EventLogStorage.buffered`."""
    storage = instance.event_log_storage
    if not isinstance(storage, EventLogStorage):  # an ephemeral instance, or one with another storage
        yield
        return
    with storage.buffered():
        yield


class _Buffer:
    """Events that wait, and the thread that stores them.

    Only that thread stores: a signal interrupts the main thread at any point, and events would be stored twice or not
    at all.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._waiting: list[EventLogEntry] = []
        self._unstored: Counter[AssetKey] = Counter()
        self._written: dict[AssetKey, AssetRecord | None] = {}
        self._count = 0
        self._error: BaseException | None = None
        self._state = threading.Condition()
        self._is_storing = self._is_wanted = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="event log", daemon=True)
        self._thread.start()

    def add(self, event: EventLogEntry) -> None:
        with self._state:
            self._raise()
            self._waiting.append(event)
            self._count += 1
            for key in _assets_of([event]):
                self._unstored[key] += 1
                self._written[key] = None
            if len(self._waiting) == 1:
                self._state.notify_all()

    def holds(self, keys: Iterable[AssetKey]) -> bool:
        """Return whether an event of one of these assets is not stored yet."""
        with self._state:
            return any(self._unstored[key] for key in keys)

    def known(self, keys: Iterable[AssetKey]) -> tuple[dict[AssetKey, AssetRecord], list[AssetKey], int]:
        """Return kept records of these assets, further assets whose records can be kept now, and the events so far."""
        with self._state:
            kept = {key: record for key in keys if (record := self._written.get(key))}
            others = set(self._written).difference(keys)
            return kept, [k for k in others if not self._written[k] and not self._unstored[k]], self._count

    def keep(self, records: Mapping[AssetKey, AssetRecord], count: int) -> None:
        """Keep records of what was written through this buffer, if no event came after so many."""
        with self._state:
            if count == self._count:
                self._written.update((key, record) for key, record in records.items() if key in self._written)

    def forget(self) -> None:
        """Keep no record any more."""
        with self._state:
            self._written = dict.fromkeys(self._written)

    def flush(self) -> None:
        """Return when all events that were added before are stored."""
        if threading.current_thread() is self._thread:
            return
        with self._state:
            while (self._waiting or self._is_storing) and self._error is None:
                self._is_wanted = True
                self._state.notify_all()
                self._state.wait()
            self._raise()

    def close(self) -> None:
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return
                self._state.wait_for(lambda: self._is_wanted or self._is_closed, FLUSH_SECONDS)
                batch, self._waiting = self._waiting, []
                self._is_wanted, self._is_storing = False, True
            error: BaseException | None = None
            try:
                self._store(batch)
            except BaseException as raised:  # noqa: BLE001 - it is raised in the thread that logs
                error = raised
            with self._state:
                self._is_storing, self._error = False, error
                self._unstored.subtract(_assets_of(batch))
                self._state.notify_all()


def _assets_of(events: Iterable[EventLogEntry]) -> Iterator[AssetKey]:
    """Return the asset of each event that is about one."""
    for event in events:
        if event.dagster_event is not None and event.dagster_event.asset_key is not None:
            yield event.dagster_event.asset_key
