"""Dagster's event log storage in one SQLite file, with one SQLAlchemy engine, and without plans that came to nothing.

Here: the differences from Dagster's own storage. That creates an engine for every connection, a dozen per event; each
engine compiles its statements again, which took longer than storing them. And it shows what a failed run planned and
did not reach as failed (run_plans.py). Not here: the choice of the storage (dagster.yaml). Connections are still opened
and closed one by one: closing the last one writes the log's main file, and the UI waits for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import dagster as dg
import sqlalchemy
from sqlalchemy.pool import NullPool

from vsf_assets.resources.dagster_private import SQLITE_BUSY_TIMEOUT_SECONDS, ConsolidatedSqliteEventLogStorage
from vsf_assets.resources.run_plans import forget_unreached, is_end_of_failed_run, is_stored
from vsf_assets.storage.full_disk import DAGSTER_ROOM, room_for


class EventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated SQLite event log with a shared engine; the configuration is the same (`base_dir`)."""

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event, unless it plans a check; the end of a failed run removes its plans that came to nothing."""
        if not is_stored(event):
            return
        super().store_event(event)
        if is_end_of_failed_run(event):
            with self._connect() as connection:
                forget_unreached(connection, event.run_id)

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        return sqlalchemy.create_engine(
            self._conn_string, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        )

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        room = room_for("Dagster's events", self._base_dir, DAGSTER_ROOM)
        with room, self._engine.connect() as connection, connection.begin():
            yield connection
