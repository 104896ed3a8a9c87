"""Dagster's storages of runs and of schedules in SQLite files, without the work that they repeat.

Here: the differences from Dagster's own storages. Those create an engine for every connection, and each engine compiles
its statements again; they ask which tables there are before each use of one; and they read Alembic's migrations
whenever an instance is made, which the code server does for each tick of a sensor. The daemon and the code server of an
idle service spent most of their time with that. They also wait five seconds for a lock instead of thirty.
Not here: the event log (event_log_storage.py), and the choice of the storages (dagster.yaml).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy

from vsf_assets.resources.dagster_private import (
    ConfigurableClassData,
    SqliteRunStorage,
    SqliteScheduleStorage,
)
from vsf_assets.resources.sqlite_engine import shared_engine


class _Facts:
    """What this process found out about database files, and what holds as long as a file is not replaced."""

    def __init__(self) -> None:
        self._known: set[tuple[str, int, str]] = set()

    def holds(self, file: str, fact: str) -> bool:
        """Return whether a fact was found out about the file that stands at a path now."""
        return (file, _inode(file), fact) in self._known

    def keep(self, file: str, fact: str) -> None:
        """Keep a fact about the file that stands at a path now."""
        self._known.add((file, _inode(file), fact))


def _inode(file: str) -> int:
    """Return the inode of a file; -1 if there is none, so that a file that was removed is made again."""
    try:
        return Path(file).stat().st_ino
    except FileNotFoundError:
        return -1


_facts = _Facts()
_PREPARED = "has the form of the installed Dagster"


def _once(connection_string: str, fact: str, ask: Callable[[], bool]) -> bool:
    """Return whether a fact holds for a file; what was found once is not asked for again."""
    file = connection_string.removeprefix("sqlite:///")
    if _facts.holds(file, fact):
        return True
    found = ask()
    if found:
        _facts.keep(file, fact)
    return found


class RunsInSqlite(SqliteRunStorage):
    """Dagster's storage of runs with a shared engine; the configuration is the same (`base_dir`).

    run_storage.py makes the platform's storage of it.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Return the storage of a configuration, and prepare its file once in a process."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage of a folder; its file is made, or compared with Dagster's migrations, once in a process.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the file cannot be made or read.
        """
        file = str(Path(base_dir).absolute() / "runs.db")
        if _facts.holds(file, _PREPARED):
            return cls(f"sqlite:///{file}", inst_data)
        storage = super().from_local(base_dir, inst_data)
        _facts.keep(file, _PREPARED)
        return storage

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        """Open a connection in a transaction, and close it at the end."""
        with shared_engine(self._conn_string).connect() as connection, connection.begin():
            yield connection

    def has_run_stats_index_cols(self) -> bool:
        """Return whether the table of runs has the columns of its start and end."""
        return _once(self._conn_string, "columns of start and end", super().has_run_stats_index_cols)


class ScheduleStorage(SqliteScheduleStorage):
    """Dagster's storage of sensors, schedules and ticks, with a shared engine; the configuration is the same.

    A table or an index that was found once is not asked for again.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Return the storage of a configuration, and prepare its file once in a process."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage of a folder; its file is made, or compared with Dagster's migrations, once in a process.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the file cannot be made or read.
        """
        file = str(Path(base_dir).absolute() / "schedules.db")
        if not _facts.holds(file, _PREPARED):
            SqliteScheduleStorage.from_local(base_dir, inst_data)  # it returns its own class, whatever asked
            _facts.keep(file, _PREPARED)
        return cls(f"sqlite:///{file}", inst_data)

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        """Open a connection in a transaction, and close it at the end."""
        with shared_engine(self._conn_string).connect() as connection, connection.begin():
            yield connection

    def has_instigators_table(self) -> bool:
        """Return whether the file has the table of sensors and schedules."""
        return _once(self._conn_string, "table of instigators", super().has_instigators_table)

    def _has_instigators_table(self, conn: sqlalchemy.Connection) -> bool:
        return _once(
            self._conn_string, "table of instigators", lambda: bool(sqlalchemy.inspect(conn).has_table("instigators"))
        )

    def has_built_index(self, migration_name: str) -> bool:
        """Return whether the file has an index of a migration."""
        ask = super().has_built_index
        return _once(self._conn_string, f"index of {migration_name}", lambda: ask(migration_name))
