"""Writers, builders and maintenance of a small shared lake, each a process that may be killed or stopped at any moment.

Here: what each of them does until it is done or told to end. Not here: who disturbs them, and what must be so
afterwards (test_stress.py).
"""

import contextlib
import json
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from vsf_assets.common.errors import VsfError
from vsf_assets.warehouse.shared.control import check_locks
from vsf_assets.warehouse.shared.locks import LockSession
from vsf_assets.warehouse.shared.no_removal import deny_removal
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.shared.small_lake import SmallLake, deliver, signed

KEPT = 4
"""Number of published states that stay readable."""


@dataclass(frozen=True)
class Job:
    """What a process does: `write` these files, `build`, `merge` or `remove`."""

    kind: str
    database: str
    folder: str
    takeover: float
    files: tuple[str, ...] = ()

    def start(self) -> ForkedProcess:
        """Start a process that does it."""
        return ForkedProcess("vsf_assets_tests.lake.shared.stress_processes", "main", [json.dumps(asdict(self))])

    @property
    def lake(self) -> SmallLake:
        """The lake."""
        return SmallLake(self.database, Path(self.folder), self.takeover)

    @property
    def published(self) -> Path:
        """Folder with one file for each published state: the snapshot, and how many deliveries it holds."""
        return Path(self.folder).parent / "published"

    @property
    def has_ended(self) -> bool:
        """Whether builders and maintenance are to end."""
        return (self.published / "end").exists()


InARun = Callable[[LockSession, duckdb.DuckDBPyConnection], None]


def as_a_run(job: Job, work: InARun) -> None:
    """Do some work with a session of locks and the lake open; errors end the run, as they do with workers."""
    with (
        contextlib.suppress(VsfError, duckdb.Error),
        job.lake.session(f"{job.kind}-{uuid.uuid4().hex}") as session,
        closing(job.lake.attach()) as connection,
    ):
        work(session, connection)


def write(job: Job) -> None:
    """Store deliveries until the ledger has all of them."""
    left = list(job.files)

    def work(session: LockSession, connection: duckdb.DuckDBPyConnection) -> None:
        while left:
            with session.hold("commit", left[0]) as token:
                deliver(connection, token, left[0])
            left.pop(0)

    while left:
        as_a_run(job, work)


def build(job: Job) -> None:
    """Count deliveries into a mart, and publish the snapshot that was counted."""

    def work(session: LockSession, connection: duckdb.DuckDBPyConnection) -> None:
        with session.hold("build", "build") as token:
            with signed(connection, token, "build"):
                ((base,),) = connection.execute("select id from ducklake_current_snapshot('lake')").fetchall()
                ((files,),) = connection.execute("select count(*) from lake.ledger").fetchall()
                connection.execute("delete from lake.mart")
                connection.execute("insert into lake.mart select file, count(*) from lake.rows group by all")
            with session.connection() as control, control.transaction():
                check_locks(control, token.locks)
                name = f"{token.locks[0].epoch:08}"
                temp = job.published / f".{name}"
                temp.write_text(json.dumps({"base": base, "files": files}))
                temp.rename(job.published / f"{name}.json")

    while not job.has_ended:
        as_a_run(job, work)


def states(job: Job) -> list[dict[str, int]]:
    """Return the published states that are kept, the oldest first."""
    return [json.loads(path.read_text()) for path in sorted(job.published.glob("*.json"))[-KEPT:]]


def merge(job: Job) -> None:
    """Merge small files under both locks."""

    def work(session: LockSession, connection: duckdb.DuckDBPyConnection) -> None:
        with (
            session.hold("build", "merge"),
            session.hold("commit", "merge") as token,
            signed(connection, token, "merge"),
        ):
            connection.execute("call ducklake_merge_adjacent_files('lake')")

    while not job.has_ended:
        as_a_run(job, work)


def remove(job: Job) -> None:
    """Expire what no kept state names, by list, and remove files that are older than the oldest kept state."""

    def work(session: LockSession, connection: duckdb.DuckDBPyConnection) -> None:
        with session.hold("build", "remove"), session.hold("commit", "remove") as token:
            kept = [state["base"] for state in states(job)]
            if len(kept) < KEPT:
                return
            with session.connection() as control:
                check_locks(control, token.locks)
                listed = control.execute(
                    "select snapshot_id from vsf_g1.ducklake_snapshot where snapshot_id < %s", [min(kept)]
                ).fetchall()
                ((time,),) = control.execute(
                    "select snapshot_time - interval '1 second' from vsf_g1.ducklake_snapshot where snapshot_id = %s",
                    [min(kept)],
                ).fetchall()
            if listed:
                versions = [version for (version,) in listed]
                connection.execute("call ducklake_expire_snapshots('lake', versions => ?)", [versions])
                connection.execute("call ducklake_cleanup_old_files('lake', older_than => ?)", [time])

    while not job.has_ended:
        as_a_run(job, work)


def main() -> None:
    """Do one job; all but who removes files may remove none."""
    job = Job(**json.loads(sys.argv[1]))
    if job.kind != "remove":
        deny_removal(Path(job.folder))
    {"write": write, "build": build, "merge": merge, "remove": remove}[job.kind](job)
