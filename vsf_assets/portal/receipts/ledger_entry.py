"""The ledger's row about a delivered file, as a snapshot has it.

Here: the row with the balance of its lines, and finding it. Not here: where a file is that no snapshot holds
(file_state.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.dataset_changes import RENAME
from vsf_assets.snapshots.pool import OpenSnapshot

LOADED, DUPLICATE, UNREADABLE = "loaded", "duplicate_file", "unreadable"
"""What became of a file that a snapshot holds."""

_SQL = """
    select files.file_id, files.feed, files.partition_key, files.file_name, files.sha256, files.status, files.bytes,
        files.lines_read, files.rows_loaded, files.rows_quarantined, files.rows_blank, files.rows_skipped,
        files.landed_at, files.loaded_at, files.archive_path, published.first_snapshot, published.published_at
    from raw.files as files left join raw.published_files as published using (file_id)
"""

CLOCKS_DIFFER = timedelta(seconds=5)
"""How much earlier a landing time may be than its sender's: a bucket has a clock of its own, in whole seconds."""

CLOCKS_DIFFER_AT_MOST = timedelta(seconds=60)
"""How much later it may be. A file that landed later is another one, but for datasets: all files of an upload have the
landing time of the last one in the ledger."""

_CHANGES = """
    select action, dataset, new_name, landed_at from raw.dataset_changes inner join raw.files on _file_id = file_id
    order by landed_at, file_name, file_id, _line
"""
_MANY_CHANGES = 100_000


@dataclass(frozen=True)
class LedgerEntry:
    """A row of the ledger; times are UTC, counts are of records."""

    file_id: int
    feed: str
    partition_key: str | None
    file_name: str
    sha256: str
    status: str
    bytes: int
    lines_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_blank: int
    rows_skipped: int
    landed_at: datetime
    loaded_at: datetime
    archive_path: str | None
    first_snapshot: int | None
    published_at: datetime | None

    @property
    def declaration(self) -> Feed:
        """The declaration of its feed."""
        return all_feeds()[self.feed]

    @property
    def is_balanced(self) -> bool:
        """Whether every record that was read is accounted for."""
        return self.lines_read == self.rows_loaded + self.rows_quarantined + self.rows_blank + self.rows_skipped

    @property
    def records(self) -> int:
        """Records that are not blank."""
        return self.lines_read - self.rows_blank

    @property
    def seconds_to_snapshot(self) -> float | None:
        """Seconds from its landing to the publishing of its first snapshot; None where that is not known."""
        if self.published_at is None:
            return None
        return max(0.0, (self.published_at - self.landed_at).total_seconds())


def entry_of_id(snapshot: OpenSnapshot, file_id: int) -> LedgerEntry | None:
    """Return the ledger's row of an id."""
    return next(iter(_entries(snapshot, "where files.file_id = $file_id", {"file_id": file_id})), None)


def entry_of_file(
    snapshot: OpenSnapshot,
    feed: str,
    file_name: str,
    sha256: str,
    landed_at: datetime,
    partition: str | None = None,
) -> LedgerEntry | None:
    """Return the row of a file that landed at a time, or soon after, as files of one dataset do; None if none holds it.

    Args:
        snapshot: where to look.
        feed: its feed.
        file_name: its name in the ledger.
        sha256: of its bytes.
        landed_at: its modified time in the landing zone.
        partition: as it landed, empty for none; None for that of any file.
    """
    at = landed_at.astimezone(UTC).replace(tzinfo=None)
    values = {"feed": feed, "file_name": file_name, "sha256": sha256, "earliest": at - CLOCKS_DIFFER, "landed_at": at}
    condition = ""
    if not all_feeds()[feed].members:
        values["latest"], condition = at + CLOCKS_DIFFER_AT_MOST, " and landed_at <= $latest"
    if partition is not None:
        values["partition"] = partition
        condition += " and coalesce(partition_key, '') = $partition"
    where = (
        "where feed = $feed and file_name = $file_name and sha256 = $sha256"
        f" and landed_at >= $earliest{condition}"
        " order by abs(epoch(landed_at) - epoch($landed_at::timestamp)), landed_at limit 1"
    )
    return next(iter(_entries(snapshot, where, values)), None)


def partition_of_today(snapshot: OpenSnapshot, entry: LedgerEntry) -> str | None:
    """Return the partition under which reports have a file, empty for none; None if its dataset was deleted.

    A change applies to what had landed by then, under the name that it had by then, as in the reports.
    """
    name: str | None = entry.partition_key or ""
    if not entry.declaration.members:
        return name
    landed_at = entry.landed_at.replace(tzinfo=None)
    for action, dataset, new_name, changed_at in snapshot.kept(_CHANGES, {}, _MANY_CHANGES).rows:
        if name == dataset and landed_at <= changed_at:
            name = new_name if action == RENAME else None
    return name


def entries_of_feed(
    snapshot: OpenSnapshot, feed: str, day: date | None, by_partition: bool, most: int, *, without: Sequence[str] = ()
) -> list[LedgerEntry]:
    """Return the files of a feed, the latest first.

    Args:
        snapshot: where to look.
        feed: the feed.
        day: only those that belong to this day.
        by_partition: whether the day is that of their partition; otherwise it is the day on which they landed.
        most: the largest number of files.
        without: partitions whose files are left out, or names of files, of a feed without partitions.
    """
    values: dict[str, Any] = {"feed": feed}
    condition = ""
    if without:
        values["without"] = list(without)
        condition = " and not coalesce(list_contains($without::varchar[], coalesce(partition_key, file_name)), false)"
    if day is not None:
        values["day"] = day.isoformat()
        own = "partition_key" if by_partition else "cast(cast(landed_at as date) as varchar)"
        condition += f" and {own} = $day"
    where = f"where feed = $feed{condition} order by landed_at desc, file_name limit {int(most)}"
    return list(_entries(snapshot, where, values))


def first_with_content(snapshot: OpenSnapshot, entry: LedgerEntry) -> LedgerEntry | None:
    """Return the loaded file of the same feed and partition with the same bytes, of which `entry` is a repetition."""
    where = (
        "where feed = $feed and partition_key is not distinct from $partition and sha256 = $sha256"
        " and status = 'loaded' and file_id != $file_id order by landed_at, file_name limit 1"
    )
    values = {
        "feed": entry.feed,
        "partition": entry.partition_key,
        "sha256": entry.sha256,
        "file_id": entry.file_id,
    }
    return next(iter(_entries(snapshot, where, values)), None)


def entries_after(snapshot: OpenSnapshot, entry: LedgerEntry, names: str) -> list[LedgerEntry]:
    """Return the loaded files of the same feed and partition that landed later and whose names fit a pattern.

    Args:
        snapshot: where to look.
        entry: the earlier file.
        names: a regular expression of DuckDB that the whole name must match.
    """
    where = (
        "where feed = $feed and partition_key is not distinct from $partition and landed_at >= $landed_at"
        " and status = 'loaded' and file_id != $file_id and regexp_full_match(file_name, $names)"
        " order by landed_at, file_name limit 1000"
    )
    values = {
        "feed": entry.feed,
        "partition": entry.partition_key,
        "landed_at": entry.landed_at.replace(tzinfo=None),
        "file_id": entry.file_id,
        "names": names,
    }
    return list(_entries(snapshot, where, values))


def _entries(snapshot: OpenSnapshot, rest: str, values: dict[str, Any]) -> Iterable[LedgerEntry]:
    for row in snapshot.kept(f"{_SQL} {rest}", values).rows:
        yield LedgerEntry(*(_utc(value) for value in row))


def _utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
