"""The first snapshot of each file, as it survives a rebuild of the warehouse.

Here: reading and writing it in the record. Not here: the file of the record (record_file.py), and which snapshot is a
file's first (publish/first_snapshots.py).
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.runs.record_file import reading, write

PublishedFile = tuple[int, int | None, datetime | None]
"""(file id, number of its first snapshot, time of publishing in UTC); the last two are None where they are unknown."""


def read_published(home: Path) -> list[PublishedFile]:
    """Return every published file that the record knows.

    Raises:
        RecordError: the record cannot be read.
    """
    with reading(home) as connection:
        if connection is None:
            return []
        rows = connection.execute("select file_id, first_snapshot, published_at from published_files").fetchall()
    return [(file_id, number, datetime.fromisoformat(at) if at else None) for file_id, number, at in rows]


def count_published(home: Path) -> tuple[int, int]:
    """Return the number of files that the record knows, and the highest number of a snapshot; 0 if it knows none.

    Raises:
        RecordError: the record cannot be read.
    """
    with reading(home) as connection:
        if connection is None:
            return 0, 0
        count, newest = connection.execute("select count(*), max(first_snapshot) from published_files").fetchone()
    return count, newest or 0


def keep_published(home: Path, files: Collection[PublishedFile], warn: Callable[[str], None]) -> None:
    """Add published files to the record; `warn` receives a line about a damaged record.

    Raises:
        RecordError: the record cannot be written.
    """
    rows = [(file_id, number, at.astimezone(UTC).isoformat() if at else None) for file_id, number, at in files]
    write(home, lambda c: c.executemany("insert or replace into published_files values (?, ?, ?)", rows), warn)
