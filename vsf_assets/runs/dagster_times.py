"""When Dagster's daemon last looked for work: the newest tick of a sensor, and the heartbeats of its threads.

Here: reading two tables of Dagster's SQLite files, which Dagster does not document (checked with 1.13.27), because
importing Dagster takes seconds. Not here: removing their old rows (retention/dagster_tables.py).
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

_WAIT_SECONDS = 2.0


def last_tick(dagster_home: Path) -> datetime | None:
    """Return the time of the newest tick of a sensor, UTC; None if there is none, or it cannot be read."""
    rows = _rows(
        dagster_home / "schedules.db",
        "select timestamp from job_ticks where type = 'SENSOR' order by id desc limit 1",
    )
    return _time(rows[0][0]) if rows else None


def heartbeats(dagster_home: Path) -> dict[str, datetime]:
    """Return thread of the daemon -> its last sign of life, UTC; empty where nothing can be read."""
    rows = _rows(dagster_home / "runs.db", "select daemon_type, timestamp from daemon_heartbeats")
    return {name: at for name, text in rows if (at := _time(text)) is not None}


def _rows(file: Path, sql: str) -> list[tuple[str, ...]]:
    if not file.exists():
        return []
    try:
        address = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, timeout=_WAIT_SECONDS, uri=True)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    except ValueError:
        return None
