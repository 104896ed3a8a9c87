"""Small snapshots that hold the two tables that notices are found in, as a test lists their rows.

Here: writing one and making it the current one. Not here: what is found in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

START = datetime(2030, 1, 1)  # noqa: DTZ001 - as DuckDB has it
"""When the first file of a test lands; minutes count from here. UTC."""


@dataclass(frozen=True)
class File:
    """A row of `reports.files`; times are minutes after START, `published` None is not known."""

    feed: str
    partition: str | None
    name: str
    minute: float = 0
    rows: int = 0
    bad: int = 0
    status: str = "loaded"
    published: float | None = -1

    def values(self) -> list[object]:
        """Return the values of its columns."""
        published = self.minute if self.published == -1 else self.published
        at = None if published is None else START + timedelta(minutes=published)
        landed = START + timedelta(minutes=self.minute)
        sha256 = f"{abs(hash((self.name, self.minute))):064x}"
        return [self.feed, self.partition, self.name, sha256, self.status, self.rows, self.bad, landed, at]


Volume = tuple[str, float, int, float]
"""Day, expected, observed and score of a row of `reports.volume_anomalies`; its feed is events."""


def publish_snapshot(folder: Path, number: int, files: Iterable[File], volumes: Sequence[Volume] = ()) -> None:
    """Write a snapshot into a folder, and make it the current one."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / f"vsf-{number}.duckdb")) as connection:
        connection.execute("create schema reports")
        connection.execute(
            "create table reports.files (feed varchar, partition_key varchar, file_name varchar, sha256 varchar,"
            " status varchar, lines_read bigint, rows_quarantined bigint, landed_at timestamp, published_at timestamp)"
        )
        connection.execute(
            "create table reports.volume_anomalies"
            " (feed varchar, partition_key varchar, expected double, observed bigint, score double)"
        )
        for file in files:
            connection.execute("insert into reports.files values (?, ?, ?, ?, ?, ?, ?, ?, ?)", file.values())
        for day, expected, observed, score in volumes:
            values = ["events", day, expected, observed, score]
            connection.execute("insert into reports.volume_anomalies values (?, ?, ?, ?, ?)", values)
    pointer = folder / "current.new"
    pointer.symlink_to(f"vsf-{number}.duckdb")
    pointer.replace(folder / "current.duckdb")
