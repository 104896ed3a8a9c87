"""Removes old records from Dagster's SQLite files while Dagster uses them.

Here: the tables and columns of Dagster's storages that retention needs, which Dagster does not document; deleting, and
giving free pages back to the disk. Not here: Dagster's Python interface (resources/dagster_private.py has the version
it was checked with). Dagster has no retention for runs, events and checks, and `instance.delete_run` removes the only
record of a partition together with its run. So this module removes rows itself:

- A run that is not old, has not ended, or is among the newest of its job keeps everything.
- An old run keeps its row and its start and end while it holds an event that is kept. Other old runs are removed.
- Of each asset, partition and type of event the newest event is kept, of each check and partition the newest
  evaluation and the newest completed one. From these the UI and automation derive the state of assets, partitions and
  checks.

Each transaction is short, because Dagster's writers wait for it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.storage.full_disk import DAGSTER_ROOM, room_for

NEWEST_RUNS = 10
"""Number of newest runs of each job that keep all their events; sensors read the last six."""

NEWEST_EVALUATIONS = 20
"""Number of evaluations of each asset that are kept at most: one has 19 KB, and a build evaluates every asset."""

SKIPPED_HOURS = 2.0
"""Hours after which ticks that found nothing are old: all sensors together leave about one a second, 120 MB a day."""

RUNS, EVENT_LOG, SCHEDULES = "runs.db", "event_log.db", "schedules.db"

_BATCH = 500
_WAIT_SECONDS = 30
_PAGES = 2000

_ENDED = "('SUCCESS', 'FAILURE', 'CANCELED')"
_ENDED_BACKFILLS = "('COMPLETED', 'COMPLETED_SUCCESS', 'COMPLETED_FAILED', 'FAILED', 'CANCELED')"
_LIFE_OF_RUN = (
    "('PIPELINE_ENQUEUED', 'PIPELINE_STARTING', 'PIPELINE_START', 'PIPELINE_SUCCESS', 'PIPELINE_FAILURE',"
    " 'PIPELINE_CANCELED')"
)

_TO_KEEP = f"""
create temp table old_runs as
    select run_id from (
        select run_id, status, create_timestamp, update_timestamp, backfill_id,
            row_number() over (partition by pipeline_name order by id desc) as place
        from main.runs
    )
    where status in {_ENDED} and create_timestamp < :runs_before and update_timestamp < :runs_before
        and place > :newest_runs
        and (backfill_id is null or backfill_id not in (
            select key from main.bulk_actions where status not in {_ENDED_BACKFILLS}
        ));
create temp table kept_checks (id integer primary key);
insert or ignore into kept_checks
    select max(id) from event_log.asset_check_executions group by asset_key, check_name, partition
    union
    select max(id) from event_log.asset_check_executions where execution_status in ('SUCCEEDED', 'FAILED')
    group by asset_key, check_name, partition;
create temp table kept_events (id integer primary key);
insert or ignore into kept_events
    select max(id) from event_log.event_logs where asset_key is not null
    group by asset_key, dagster_event_type, partition;
insert or ignore into kept_events
    select evaluation_event_storage_id from event_log.asset_check_executions
    where id in (select id from kept_checks) and evaluation_event_storage_id is not null
    union
    select materialization_event_storage_id from event_log.asset_check_executions
    where id in (select id from kept_checks) and materialization_event_storage_id is not null;
create temp table reduced_runs as
    select run_id from old_runs where run_id in (
        select run_id from event_log.event_logs where id in (select id from kept_events)
        union all
        select run_id from event_log.asset_check_executions where id in (select id from kept_checks)
        union all
        select last_run_id from event_log.asset_keys
    );
"""  # noqa: S608 - constants

_OLD_CHECKS = """
    from event_log.asset_check_executions where create_timestamp < :runs_before
        and id not in (select id from kept_checks)
        and (run_id is null or run_id not in (select run_id from main.runs)
            or run_id in (select run_id from old_runs))
"""
_EVENTS_OF_RUN = f"""
    from event_log.event_logs where run_id = :run_id and id not in (select id from kept_events)
        and not (:is_reduced and coalesce(dagster_event_type, '') in {_LIFE_OF_RUN})
"""  # noqa: S608 - constants
_EVENTS_WITHOUT_RUN = """
    from event_log.event_logs where timestamp < :runs_before and id not in (select id from kept_events)
        and run_id not in (select run_id from main.runs)
"""
_OLD_TICKS = """
    from main.job_ticks
    where timestamp < case status when 'SKIPPED' then :skipped_before else :ticks_before end and id not in (
        select max(id) from main.job_ticks group by job_origin_id, selector_id, status
    )
"""
_OLD_EVALUATIONS = """
    from main.asset_daemon_asset_evaluations where id in (
        select id from (
            select id, create_timestamp, row_number() over (partition by asset_key order by id desc) as place
            from main.asset_daemon_asset_evaluations
        )
        where place > :newest_evaluations or (place > 1 and create_timestamp < :ticks_before)
    )
"""
_OLD_BACKFILLS = f"from main.bulk_actions where timestamp < :runs_before and status in {_ENDED_BACKFILLS}"


@dataclass(frozen=True)
class Removed:
    """Things of one kind that were removed, or would be.

    Attributes:
        kind: what they are, in the plural.
        count: their number.
        size: bytes of their contents.
    """

    kind: str
    count: int
    size: int


def purge_runs(folder: Path, days: float, now: datetime, dry_run: bool = False) -> list[Removed]:
    """Remove old runs, their events and checks, and old backfills; return what was removed, by kind.

    Args:
        folder: DAGSTER_HOME; without its files nothing is removed.
        days: age in days above which they are old.
        now: the time, UTC.
        dry_run: whether to remove nothing, and return what would be removed.

    Raises:
        VsfError: a file is in use for too long, or its tables are not those of this version of Dagster.
        FullDiskError: the disk has no room for SQLite's log.
    """
    if not all((folder / name).exists() for name in (RUNS, EVENT_LOG)):
        return []
    values = {"runs_before": _text(now, days), "newest_runs": NEWEST_RUNS}
    with _errors_for_people(folder), closing(_connect(folder / RUNS)) as connection:
        connection.execute("attach ? as event_log", (str(folder / EVENT_LOG),))
        for statement in _TO_KEEP.split(";\n"):
            connection.execute(statement, values)
        return [
            _rows(connection, "checks", "event_log.asset_check_executions", _OLD_CHECKS, values, dry_run),
            *_runs_and_events(connection, values, dry_run),
            _rows(connection, "backfills", "main.bulk_actions", _OLD_BACKFILLS, values, dry_run),
        ]


def purge_ticks(folder: Path, days: float, now: datetime, dry_run: bool = False) -> list[Removed]:
    """Remove old ticks of sensors and schedules, and old evaluations of automation; return them by kind.

    Arguments and errors are those of `purge_runs`. Ticks that found nothing are old after `SKIPPED_HOURS`.
    """
    if not (folder / SCHEDULES).exists():
        return []
    values = {
        "ticks_before": _text(now, days),
        "skipped_before": _text(now, min(days, SKIPPED_HOURS / 24)),
        "newest_evaluations": NEWEST_EVALUATIONS,
    }
    with _errors_for_people(folder), closing(_connect(folder / SCHEDULES)) as connection:
        return [
            _rows(connection, "ticks", "main.job_ticks", _OLD_TICKS, values, dry_run),
            _rows(connection, "evaluations", "main.asset_daemon_asset_evaluations", _OLD_EVALUATIONS, values, dry_run),
        ]


_BODY = {
    "event_log.event_logs": "event",
    "event_log.asset_check_executions": "evaluation_event",
    "main.bulk_actions": "body",
    "main.job_ticks": "tick_body",
    "main.asset_daemon_asset_evaluations": "asset_evaluation_body",
}
"""Table -> its one large column."""


def _runs_and_events(connection: sqlite3.Connection, values: Mapping[str, object], dry_run: bool) -> Iterator[Removed]:
    runs = connection.execute(
        "select run_id, run_id in (select run_id from reduced_runs), length(run_body) from old_runs"
        " join main.runs using (run_id)"
    ).fetchall()
    events, size = 0, 0
    for run_id, is_reduced, _ in runs:
        of_run = {"run_id": run_id, "is_reduced": is_reduced}
        found = _rows(connection, "records of runs", "event_log.event_logs", _EVENTS_OF_RUN, of_run, dry_run)
        events, size = events + found.count, size + found.size
        if not is_reduced and not dry_run:
            with _transaction(connection):
                connection.execute("delete from main.run_tags where run_id = ?", (run_id,))
                connection.execute("delete from main.runs where run_id = ?", (run_id,))
    rest = _rows(connection, "records of runs", "event_log.event_logs", _EVENTS_WITHOUT_RUN, values, dry_run)
    gone = [length or 0 for _, is_reduced, length in runs if not is_reduced]
    yield Removed("runs", len(gone), sum(gone))
    yield Removed("records of runs", events + rest.count, size + rest.size)


def _rows(
    connection: sqlite3.Connection, kind: str, table: str, old: str, values: Mapping[str, object], dry_run: bool
) -> Removed:
    """Remove the rows of a table that `old` selects (from its `from` on), in short transactions."""
    rows = connection.execute(f"select id, length({_BODY[table]}) {old}", values).fetchall()
    if not dry_run:
        for start in range(0, len(rows), _BATCH):
            ids = [(row[0],) for row in rows[start : start + _BATCH]]
            with _transaction(connection):
                if table == "event_log.event_logs":
                    connection.executemany("delete from event_log.asset_event_tags where event_id = ?", ids)
                if table == "main.bulk_actions":
                    connection.executemany(
                        "delete from main.backfill_tags where backfill_id ="
                        " (select key from main.bulk_actions where id = ?)",
                        ids,
                    )
                connection.executemany(f"delete from {table} where id = ?", ids)  # noqa: S608
    return Removed(kind, len(rows), sum(row[1] or 0 for row in rows))


def shrink(folder: Path, names: Iterable[str] = (RUNS, EVENT_LOG, SCHEDULES)) -> int:
    """Give the free pages of the SQLite files in DAGSTER_HOME back to the disk; return the bytes that this freed.

    The first time a file is rewritten, which blocks writers as long as copying its rows takes; so purge first. From
    then on SQLite moves pages in small steps.

    Raises:
        VsfError: a file is in use for too long.
        FullDiskError: the disk has no room for the copy.
    """
    freed = 0
    for file in (folder / name for name in names):
        if not file.exists():
            continue
        before = _size_on_disk(file)
        with _errors_for_people(folder, before), closing(_connect(file)) as connection:
            if connection.execute("pragma auto_vacuum").fetchone()[0] != 2:
                if connection.execute("pragma freelist_count").fetchone()[0]:
                    connection.execute("pragma auto_vacuum = incremental")
                    connection.execute("vacuum")
            else:
                while connection.execute("pragma freelist_count").fetchone()[0]:
                    # The pragma moves a page in each step, so all steps have to be fetched.
                    connection.execute(f"pragma incremental_vacuum({_PAGES})").fetchall()
            connection.execute("pragma wal_checkpoint(truncate)").fetchall()
        freed += max(0, before - _size_on_disk(file))
    return freed


def _size_on_disk(file: Path) -> int:
    files = (file, file.with_name(f"{file.name}-wal"))
    return sum(path.stat().st_size for path in files if path.exists())


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def _errors_for_people(folder: Path, needed: int = DAGSTER_ROOM) -> Iterator[None]:
    try:
        # SQLite writes what it removes to its log first, so removing needs room, too.
        with room_for("Dagster's records", folder, needed):
            yield
    except sqlite3.Error as error:
        raise VsfError(f"Dagster's records in {folder}: {error}; nothing is damaged, run vsf maintain again") from error


def _text(now: datetime, days: float) -> str:
    """Return a time as Dagster's tables hold it: UTC, without a zone."""
    return (now.astimezone(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
