"""Removes everything that is older than it is kept: snapshots, Dagster's records, the run record, log files.

In the forms of a warehouse with many files, it also merges small ones and removes those that no snapshot names.

Here: the parts in order, and the lines that report them. Not here: how each part is removed (the other modules,
publish/old_snapshots.py), and the files of a source or a sender, which are never removed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.publish.old_snapshots import kept_snapshots, prune
from vsf_assets.retention.dagster_tables import Removed, purge_runs, purge_ticks, shrink
from vsf_assets.retention.log_files import remove_old_logs
from vsf_assets.runs.record_file import RecordError
from vsf_assets.runs.run_record import remove_old_runs
from vsf_assets.warehouse.connection import Warehouse


@dataclass
class Maintenance:
    """What was removed, or would be.

    Attributes:
        removed: by kind; kinds without any are included.
        freed: bytes that the disk or the bucket got back; of a dry run, the contents of what would be removed.
        problems: a line for each part that failed; the others are done.
    """

    removed: list[Removed] = field(default_factory=list)
    freed: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self, dry_run: bool = False) -> list[str]:
        """Return the report, a line for each kind and one with the sum."""
        verb = "would be removed" if dry_run else "removed"
        kinds = [f"{part.kind}: {part.count:,} {verb}, {megabytes(part.size)}" for part in self.removed if part.count]
        if not kinds:
            kinds = ["nothing is older than it is kept"]
        return [*kinds, f"{'would free about' if dry_run else 'freed'} {megabytes(self.freed)}"]


def maintain(
    settings: Settings, log: Callable[[str], None], now: datetime | None = None, dry_run: bool = False
) -> Maintenance:
    """Remove what is older than the settings keep it; safe while runs go on, and safe to repeat.

    Args:
        settings: places, and how long things are kept.
        log: receives warnings.
        now: the time, UTC; by default the present.
        dry_run: whether to remove nothing, and return what would be removed.
    """
    at, done = now or datetime.now(UTC), Maintenance()
    try:
        sizes = prune(settings, log, now=at, dry_run=dry_run)
        done.removed.append(Removed("snapshots", len(sizes), sum(sizes)))
        done.freed += sum(sizes)
    except (VsfError, OSError) as error:
        done.problems.append(f"snapshots: {error}")
    try:
        sizes = _keep_up(settings, at, dry_run)
        done.removed.append(Removed("data files", len(sizes), sum(sizes)))
        done.freed += sum(sizes)
    except (VsfError, OSError) as error:
        done.problems.append(f"data files: {error}")
    try:
        records = [
            *purge_runs(settings.dagster_home, settings.keep_run_days, at, dry_run),
            *purge_ticks(settings.dagster_home, settings.keep_tick_days, at, dry_run),
        ]
        done.removed += records
        done.freed += sum(part.size for part in records) if dry_run else shrink(settings.dagster_home)
    except VsfError as error:
        done.problems.append(str(error))
    try:
        old = remove_old_runs(settings.home, at - timedelta(days=settings.keep_run_days), dry_run)
        done.removed.append(Removed("rows of the run record", old, 0))
    except RecordError as error:
        done.problems.append(str(error))
    sizes = remove_old_logs(settings.logs, settings.keep_log_days, at, log, dry_run)
    done.removed.append(Removed("log files", len(sizes), sum(sizes)))
    done.freed += sum(sizes)
    return done


def _keep_up(settings: Settings, at: datetime, dry_run: bool) -> list[int]:
    """Put the warehouse in order, after old snapshots were removed; return the sizes of removed files."""
    return Warehouse.of(settings).keep_up(partial(kept_snapshots, settings), at.timestamp(), dry_run)


def megabytes(size: int) -> str:
    """Return a size for people, e.g. `1,234.5 MB`."""
    return f"{size / 1_000_000:,.1f} MB"
