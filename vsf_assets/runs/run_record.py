"""One row per run: what it does or did, how it ended, and which checks failed.

Here: the row, writing it at the start and the end of a run, reading the newest rows, and removing old ones. Not here:
the file (record_file.py), and what a build or an ingest writes into the row (pipeline/recorded_run.py).
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import interruption
from vsf_assets.common.processes import has_ended, started, this_machine
from vsf_assets.runs.record_file import RecordError, reading, write

RUNNING, SUCCEEDED, FAILED, CANCELED, DIED = "running", "succeeded", "failed", "canceled", "died"
"""Outcomes of a run: it runs, three ways to end, and its process ended without one of them."""

LONGEST_TEXT = 4000
"""Characters of a message that are kept."""

_FIELDS = (
    "run_id, kind, families, started_at, ended_at, outcome, machine, pid, pid_start,"
    " files_loaded, files_left, files_failed, failed_checks, error, snapshot"
)


@dataclass(frozen=True)
class CheckFailure:
    """A check that failed in a run.

    Attributes:
        name: of the check.
        message: what was found.
        rule: what should hold.
        rows: number of rows that were found; 0 if unknown.
        is_blocking: whether it kept the snapshot from being published; otherwise it is a warning.
    """

    name: str
    message: str
    rule: str = ""
    rows: int = 0
    is_blocking: bool = True


@dataclass
class RunRecord:
    """One run; times are UTC.

    Attributes:
        run_id: Dagster's id of the run.
        kind: what it does, e.g. `ingest`, `build`, `ingest+build`, `rebuild`, `maintenance`.
        families: families that it ingests; empty if it ingests none.
        started_at, ended_at: its start and end; the end is None while it runs, or if its process died.
        outcome: RUNNING, SUCCEEDED, FAILED, CANCELED or DIED.
        machine, pid, pid_start: its process, as common/processes.py names it.
        files_loaded, files_left, files_failed: files stored, left for a later run, and not readable.
        failed_checks: blocking ones and warnings.
        error: why it failed; empty if it did not.
        snapshot: number of the snapshot that it published; None if it published none.
        keep: writes the record as it is now, for readers while the run goes on.
    """

    run_id: str
    kind: str
    families: list[str]
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = RUNNING
    machine: str = ""
    pid: int = 0
    pid_start: str = ""
    files_loaded: int = 0
    files_left: int = 0
    files_failed: int = 0
    failed_checks: list[CheckFailure] = field(default_factory=list)
    error: str = ""
    snapshot: int | None = None
    keep: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    @property
    def blocking(self) -> list[CheckFailure]:
        """The failed checks that kept the snapshot from being published."""
        return [check for check in self.failed_checks if check.is_blocking]

    def fail(self, why: str) -> None:
        """Record that the run fails, for a block that ends without an exception."""
        self.outcome, self.error = FAILED, why[:LONGEST_TEXT]


@contextmanager
def recorded_run(
    home: Path, run_id: str, kind: str, families: Iterable[str] = (), warn: Callable[[str], None] = lambda _: None
) -> Iterator[RunRecord]:
    """Record a run for the length of the block, which may fill in the record's fields.

    A second block with the same id, as of a run with two steps, continues the row of the first. The run goes on when
    the record cannot be written: `warn` then receives one line.

    Args:
        home: the home of the run.
        run_id: Dagster's id of the run.
        kind: what the block does.
        families: families that it ingests.
        warn: receives warnings.
    """
    record = RunRecord(
        run_id,
        kind,
        list(families),
        datetime.now(UTC),
        machine=this_machine(),
        pid=os.getpid(),
        pid_start=started(os.getpid()) or "",
    )
    keeper = _Keeper(home, warn)
    keeper.keep(record, is_first=True)
    record.keep = lambda: keeper.keep(record)
    try:
        yield record
    except BaseException as error:
        _ended_by(record, error)
        raise
    finally:
        if record.outcome == RUNNING:
            record.outcome = SUCCEEDED
        record.ended_at = datetime.now(UTC)
        keeper.keep(record)


def _ended_by(record: RunRecord, error: BaseException) -> None:
    if interruption(error) is not None:
        record.outcome = CANCELED
    elif isinstance(error, GeneratorExit):  # a step whose consumer failed is closed while it waits
        record.fail(record.error or "the step was stopped before its end")
    else:
        record.fail(str(error) or type(error).__name__)


class _Keeper:
    """Writes the row of a run, and warns once if that fails."""

    def __init__(self, home: Path, warn: Callable[[str], None]) -> None:
        self._home, self._warn, self._has_warned = home, warn, False
        self._earlier: RunRecord | None = None

    def keep(self, record: RunRecord, is_first: bool = False) -> None:
        def change(connection: sqlite3.Connection) -> None:
            if is_first:
                self._earlier = next(iter(_rows(connection, "where run_id = ?", (record.run_id,))), None)
                for row in _rows(connection, "where outcome = ? and run_id != ?", (RUNNING, record.run_id)):
                    if _seen(row).outcome == DIED:
                        _put(connection, _seen(row))
            _put(connection, _merged(self._earlier, record))

        try:
            write(self._home, change, self._warn)
        except RecordError as error:
            if not self._has_warned:
                # On a full disk the log may refuse the line too. The row then stays as it is, and counts as DIED.
                with contextlib.suppress(OSError):
                    self._warn(f"warning: {error}. The run goes on; vsf status does not know what it did")
            self._has_warned = True


def _merged(earlier: RunRecord | None, record: RunRecord) -> RunRecord:
    """Return the record of a run with its earlier blocks; it failed if one of them did."""
    if earlier is None:
        return record
    kinds = dict.fromkeys([*earlier.kind.split("+"), *record.kind.split("+")])
    had_failed = earlier.outcome == FAILED and record.outcome == SUCCEEDED
    return replace(
        record,
        kind="+".join(kinds),
        families=list(dict.fromkeys([*earlier.families, *record.families])),
        started_at=earlier.started_at,
        outcome=FAILED if had_failed else record.outcome,
        files_loaded=earlier.files_loaded + record.files_loaded,
        files_left=earlier.files_left + record.files_left,
        files_failed=earlier.files_failed + record.files_failed,
        failed_checks=[*earlier.failed_checks, *record.failed_checks],
        error=record.error or earlier.error,
        snapshot=record.snapshot or earlier.snapshot,
    )


def read_runs(home: Path, limit: int = 50) -> list[RunRecord]:
    """Return the newest runs, the newest first; a run whose process has ended without a word is DIED.

    Raises:
        RecordError: the record cannot be read.
    """
    with reading(home) as connection:
        if connection is None or not _has_rows(connection):
            return []
        return [_seen(row) for row in _rows(connection, f"order by started_at desc limit {int(limit)}")]


def remove_old_runs(home: Path, before: datetime, dry_run: bool = False) -> int:
    """Remove the rows of runs that started before a time, and return their number; those that run are kept.

    What is known of published files stays. With `dry_run` nothing is removed.

    Raises:
        RecordError: the record cannot be read or written.
    """
    old, values = "from runs where started_at < ? and outcome != ?", (_text(before), RUNNING)
    with reading(home) as connection:
        if connection is None or not _has_rows(connection):
            return 0
        count = int(connection.execute(f"select count(*) {old}", values).fetchone()[0])
    if count and not dry_run:
        write(home, lambda connection: connection.execute(f"delete {old}", values))
    return count


def _has_rows(connection: sqlite3.Connection) -> bool:
    return connection.execute("select 1 from sqlite_master where name = 'runs'").fetchone() is not None


def _seen(record: RunRecord) -> RunRecord:
    """Return a record as it is seen from here: the process of a run that has not ended may be gone."""
    if record.outcome == RUNNING and has_ended(record.machine, record.pid, record.pid_start):
        return replace(record, outcome=DIED, error=f"its process {record.pid} ended without a message")
    return record


def _rows(connection: sqlite3.Connection, rest: str, values: tuple[Any, ...] = ()) -> list[RunRecord]:
    return [_record(row) for row in connection.execute(f"select {_FIELDS} from runs {rest}", values)]  # noqa: S608


def _put(connection: sqlite3.Connection, record: RunRecord) -> None:
    values = {
        **{name: value for name, value in vars(record).items() if name != "keep"},
        "families": json.dumps(record.families),
        "failed_checks": json.dumps([asdict(check) for check in record.failed_checks], default=str),
        "started_at": _text(record.started_at),
        "ended_at": _text(record.ended_at) if record.ended_at else None,
    }
    marks = ", ".join(f":{name}" for name in _FIELDS.replace(" ", "").split(","))
    connection.execute(f"insert or replace into runs ({_FIELDS}) values ({marks})", values)  # noqa: S608


def _record(row: tuple[Any, ...]) -> RunRecord:
    values = dict(zip(_FIELDS.replace(" ", "").split(","), row, strict=True))
    values["families"] = json.loads(values["families"])
    values["failed_checks"] = [CheckFailure(**check) for check in json.loads(values["failed_checks"])]
    values["started_at"] = datetime.fromisoformat(values["started_at"])
    values["ended_at"] = datetime.fromisoformat(values["ended_at"]) if values["ended_at"] else None
    return RunRecord(**values)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
