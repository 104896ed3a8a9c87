"""Runs, builders and maintenance of homes with one shared lake, each a process that may be killed at any moment.

Here: what each of them does until it is done or told to end. Not here: who disturbs them, and what must be so
afterwards (test_stress_homes.py). The same for a lake of one table, without homes, is in stress_processes.py.
"""

import contextlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg

from vsf_assets.common.errors import VsfError
from vsf_assets.retention.maintain import maintain
from vsf_assets.warehouse.forms import shared_upkeep
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.prebuilt import use_place
from vsf_assets_tests.warehouses import Home

ENDS = (VsfError, duckdb.Error, psycopg.Error)
"""Errors that end a run, after which the next one goes on."""


LINE = "\n"


@dataclass(frozen=True)
class HomeJob:
    """What a process does: `write`, `build` or `maintain`.

    Attributes:
        kind: which of them.
        number: of its home.
        root: folder of all homes, with what they share.
        database: connection string, maybe by way of a proxy.
        takeover: seconds of silence after which a lock is taken over.
        models: folder of the compiled SQL of the models (prebuilt.place).
        kept: number of snapshots that are kept.
    """

    kind: str
    number: int
    root: str
    database: str
    takeover: float
    models: str
    kept: int = 3

    def start(self) -> ForkedProcess:
        """Start a process that does it."""
        return ForkedProcess("vsf_assets_tests.lake.shared.stress_homes", "main", [json.dumps(asdict(self))])

    @property
    def home(self) -> Home:
        """Its home."""
        root = Path(self.root)
        shared = {name.upper(): str(root / name) for name in ("landing", "archive", "snapshots")}
        return Home(
            root / f"home-{self.number}",
            CATALOG=self.database,
            LAKE=str(root / "lakes" / "lake"),
            LOCK_TAKEOVER_SECONDS=str(self.takeover),
            KEEP_SNAPSHOTS=str(self.kept),
            KEEP_SNAPSHOT_HOURS="0",
            **shared,
        )

    @property
    def end(self) -> Path:
        """The file after which builders and maintenance end."""
        return Path(self.root) / "end"

    @property
    def problems(self) -> Path:
        """File with a line for each problem of builders and maintenance."""
        return Path(self.root) / "problems"

    def note(self, *problems: str) -> None:
        """Add the first line of each problem."""
        with self.problems.open("a") as file:
            file.writelines(f"{text.partition(LINE)[0]}{LINE}" for text in problems)


def write(job: HomeJob) -> None:
    """Store what has landed until nothing is left."""
    home = job.home
    while home.landed():
        with contextlib.suppress(*ENDS):
            home.ingest()


def build(job: HomeJob) -> None:
    """Build the marts of what is new, and publish them, until nothing is new at the end."""
    use_place(Path(job.models))
    home, is_current = job.home, False
    while not (is_current and job.end.exists()):
        try:
            is_current = build_pending(home.warehouse, checked=False) is None
        except ENDS as error:
            job.note(f"build: {error}")
        time.sleep(0.2)


def keep_in_order(job: HomeJob) -> None:
    """Do the upkeep every second, two minutes ahead, so that no snapshot is kept because it was current just now."""
    shared_upkeep._GRACE_US = 0
    home = job.home
    while not job.end.exists():
        with contextlib.suppress(*ENDS):
            done = maintain(home.settings, lambda _: None, datetime.now(UTC) + timedelta(minutes=2))
            files = [part.count for part in done.removed if part.kind == "data files"]
            job.note(*done.problems, f"removed {sum(files)}")
        time.sleep(1)


def main() -> None:
    """Do one job; only who maintains may remove files."""
    job = HomeJob(**json.loads(sys.argv[1]))
    if job.kind == "maintain":
        let_this_process_remove()
    {"write": write, "build": build, "maintain": keep_in_order}[job.kind](job)
