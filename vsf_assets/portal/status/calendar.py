"""The calendar: a row per feed, a cell per day, with what was received, how late, and how much of it was bad.

Here: the query on `reports.files` and the cells. Not here: their look (templates/status/calendar.html).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.partitioning import Days
from vsf_assets.snapshots.pool import OpenSnapshot

DAYS = 21
"""Days that the calendar shows."""

LARGEST = 50_000
"""Days of all feeds that are kept for the next reader."""

MANY_BAD = 0.05
"""Share of quarantined rows from which a day counts as bad."""

NONE, GOOD, BAD, LATE, MISSING = "none", "good", "bad", "late", "missing"
WORDS = {
    NONE: "nothing was delivered",
    GOOD: "received",
    BAD: "received, with many bad rows or an unreadable file",
    LATE: "received late",
    MISSING: "missing: days before and after it were delivered",
}

_SQL = """
    select feed, case when feed in (select unnest($daily::varchar[])) then try_cast(partition_key as date)
               else cast(landed_at as date) end as day,
           count(*), sum(lines_read)::bigint, sum(rows_quarantined)::bigint,
           count(*) filter (where status = 'unreadable'), min(cast(landed_at as date))
    from reports.files where list_contains($feeds, feed) {without} group by all
"""
_WITHOUT = (
    " and not (feed = $feed{0}"
    " and coalesce(list_contains($foreign{0}::varchar[], coalesce(partition_key, file_name)), false))"
)


@dataclass(frozen=True)
class CalendarDay:
    """A cell: the state, and the numbers behind it."""

    day: date
    state: str
    files: int = 0
    rows: int = 0
    bad: int = 0
    unreadable: int = 0

    @property
    def words(self) -> str:
        """The state for people."""
        return WORDS[self.state]


@dataclass
class CalendarRow:
    """A feed with its days.

    Attributes:
        feed: its name.
        by_partition: whether a day is that of a file's partition; otherwise it is the day of landing.
        days: the cells.
        newest: the newest day of all.
    """

    feed: str
    by_partition: bool
    days: list[CalendarDay] = field(default_factory=list)
    newest: date | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether its deliveries are all outside of the days that are shown."""
        return not any(cell.files for cell in self.days)


def calendar(
    snapshot: OpenSnapshot,
    feeds: Iterable[str],
    today: date,
    until: date | None = None,
    foreign: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[list[date], list[CalendarRow]]:
    """Return the days that are shown, the newest first, and a row per feed that was ever delivered.

    Args:
        snapshot: where deliveries are recorded.
        feeds: the feeds that may be shown.
        today: the day of the reader.
        until: the last day that is shown; None for the newest delivered one.
        foreign: feed -> partitions that belong to other teams than the reader's; their files are not counted.
    """
    names = list(feeds)
    daily = [name for name in names if isinstance(all_feeds()[name].partitioning, Days)]
    values: dict[str, object] = {"feeds": names, "daily": daily}
    without = ""
    for number, (feed, partitions) in enumerate(sorted(foreign.items())):
        if partitions:
            values |= {f"feed{number}": feed, f"foreign{number}": list(partitions)}
            without += _WITHOUT.format(number)
    found = snapshot.kept(_SQL.format(without=without), values, LARGEST).rows
    delivered = {(feed, day): values for feed, day, *values in found if day is not None}
    last = until or max((day for _, day in delivered if day <= today), default=today)
    days = [last - timedelta(days=back) for back in range(DAYS)]
    rows = []
    for name in names:
        own = sorted(day for feed, day in delivered if feed == name)
        if own:
            row = CalendarRow(name, name in daily, newest=own[-1])
            row.days = [_cell(row, day, delivered.get((name, day)), own) for day in days]
            rows.append(row)
    return days, rows


def _cell(row: CalendarRow, day: date, values: list[object] | None, own: list[date]) -> CalendarDay:
    if values is None:
        is_missing = row.by_partition and bool(own) and own[0] < day < own[-1]
        return CalendarDay(day, MISSING if is_missing else NONE)
    files, rows, bad, unreadable, first_landed = values
    counts = (int(str(files)), int(str(rows)), int(str(bad)), int(str(unreadable)))
    hours = all_feeds()[row.feed].late_after_hours
    if counts[3] or counts[2] > MANY_BAD * max(counts[1], 1):
        state = BAD
    elif row.by_partition and hours and isinstance(first_landed, date) and first_landed - day > timedelta(hours=hours):
        state = LATE
    else:
        state = GOOD
    return CalendarDay(day, state, *counts)
