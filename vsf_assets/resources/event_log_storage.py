"""Dagster's event log storage in one SQLite file, with one SQLAlchemy engine.

Here: the one difference from Dagster's own storage, which creates an engine for every connection, a dozen per event.
Each engine compiles its statements again, which took longer than storing them. Not here: the choice of the storage
(dagster.yaml). Connections are still opened and closed one by one: closing the last one writes the log's main file,
and the UI waits for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import sqlalchemy
from sqlalchemy.pool import NullPool

from vsf_assets.resources.dagster_private import SQLITE_BUSY_TIMEOUT_SECONDS, ConsolidatedSqliteEventLogStorage
from vsf_assets.storage.full_disk import DAGSTER_ROOM, room_for


class EventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated SQLite event log with a shared engine; the configuration is the same (`base_dir`)."""

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
