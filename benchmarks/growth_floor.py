"""The least that one more day of events costs as a warehouse grows: bare DuckDB that appends the same rows.

Here: the rows of the newest day, appended once more to every table that is kept by day, and one checkpoint; in a copy
of a grown home. Not here: the day that the platform itself adds (growth.py).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.disks import rest
from benchmarks.grown_homes import GrownHomes
from benchmarks.measure import timed
from vsf_assets.common.duckdb_connections import connect

TABLES = {
    "raw.events": "event_time",
    "transform_intermediate.int_mobile__event_ids": "event_date",
    "transform_intermediate.int_mobile__event_days": "event_date",
    "transform_intermediate.int_mobile__repeated_events": "event_date",
    "transform_intermediate.int_mobile__events_of_unknown_lines": "event_date",
    "marts.fct_activity_events": "event_date",
    "marts.fct_event_properties": "event_date",
    "marts.fct_activity_daily": "event_date",
    "marts.fct_activity_summary": "event_date",
    "reports.anomalies": "event_date",
}
"""Tables to which a day adds rows -> the column that says the day. All others are small, or made again whole."""
_NEWEST = "select max(cast(partition_key as date)) from kept.raw.files where feed = 'events' and status = 'loaded'"


class BareDays:
    """A copy of a grown warehouse, to which bare DuckDB adds its newest day again and again.

    Args:
        kept: the file of the kept home, from which the rows come.
        copy: the copy, which is written.
        threads: as many as the platform has.
    """

    def __init__(self, kept: Path, copy: Path, threads: int):
        self._kept = kept
        self._copy = copy
        self._threads = threads

    def add(self) -> float:
        """Append the rows on a disk at rest; return the seconds of opening, appending and the checkpoint."""
        with closing(connect(config={"threads": self._threads})) as connection:
            connection.execute(f"attach '{self._kept}' as kept (read_only)")
            newest = connection.execute(_NEWEST).fetchall()[0][0]
            for number, (table, column) in enumerate(TABLES.items()):
                rows = f"from kept.{table} where {column} >= $day and {column} < $day + interval 1 day"
                connection.execute(f"create temp table rows_{number} as {rows}", {"day": newest})
            rest()
            with timed() as adding:
                connection.execute(f"attach '{self._copy}' as grown")
                connection.execute("begin")
                for number, table in enumerate(TABLES):
                    connection.execute(f"insert into grown.{table} from rows_{number}")
                connection.execute("commit")
                connection.execute("checkpoint grown")
                connection.execute("detach grown")
        return adding.seconds


@contextmanager
def bare_days(homes: GrownHomes, size: int) -> Iterator[BareDays]:
    """Yield a copy of a home with so many days, which is removed afterwards."""
    with homes.copied(size) as days:
        copy = days.warehouse.file
        kept = homes.folder / str(size) / copy.relative_to(days.warehouse.settings.home)
        yield BareDays(kept, copy, days.warehouse.settings.threads)
