"""Notes of runs in the database of a lake that several machines share.

Here: the table, and whose notes are of runs that are over: those whose lock is free, on whichever host they ran. Not
here: what a note says (ingest/crash_records.py).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vsf_assets.warehouse.forms.run_notes import DeadNote, RunNotes
from vsf_assets.warehouse.shared.locks import LockSession

if TYPE_CHECKING:
    from psycopg import Connection

_DEAD = """
    select run_id, content from vsf.notes
    where is_over or run_id in (select run_id from vsf.dead_runs) or run_id not in (select run_id from vsf.runs)
    order by run_id
"""


def create_notes(connection: "Connection[tuple[Any, ...]]") -> None:
    """Create the table, if it is not there."""
    connection.execute(
        "create table if not exists vsf.notes"
        " (run_id text primary key, content text not null, is_over boolean not null)"
    )


class SharedNotes(RunNotes):
    """Rows of the control schema, by run.

    Args:
        open_locks: opens the session that holds the lock of the run, as long as the note is kept.
    """

    def __init__(self, open_locks: Callable[[], LockSession]):
        self._open_locks = open_locks
        self._locks: LockSession | None = None

    @contextmanager
    def open(self) -> Iterator[list[DeadNote]]:
        """Read the notes of runs that are over, and hold the lock of this run."""
        with self._open_locks() as self._locks:
            with self._locks.connection() as connection:
                dead = [(str(run), json.loads(text)) for run, text in connection.execute(_DEAD).fetchall()]
            try:
                yield [DeadNote(content, self._removal_of(run)) for run, content in dead]
            finally:
                self._locks = None

    def _removal_of(self, run: str) -> Callable[[], None]:
        return lambda: self._change("delete from vsf.notes where run_id = %s", run)

    def write(self, content: object, is_over: bool) -> None:
        """Write the row again."""
        if self._locks is not None:
            sql = (
                "insert into vsf.notes (run_id, content, is_over) values (%s, %s, %s) on conflict (run_id) do update"
                " set content = excluded.content, is_over = excluded.is_over"
            )
            self._change(sql, self._locks.run_id, json.dumps(content), is_over)

    def clear(self) -> None:
        """Remove the row."""
        if self._locks is not None:
            self._change("delete from vsf.notes where run_id = %s", self._locks.run_id)

    def _change(self, sql: str, *values: object) -> None:
        if self._locks is not None:
            with self._locks.connection() as connection:
                connection.execute(sql.encode(), values)
