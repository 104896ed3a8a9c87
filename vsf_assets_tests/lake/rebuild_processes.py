"""Writers that deliver during a rebuild that takes long, the rebuild, and maintenance: each in a process of its own.

Here: what each of them does, with a local lake, which all share as one home, and with a shared one. Not here: what must
be so meanwhile and afterwards (test_slowed_rebuild.py).

Files land in as many portions as there are rebuilds, and one before. A rebuild begins when those before it are stored,
and goes on only when writers have come to the next portion: those of a shared lake have stored half of it, those of a
local one wait for the lock.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.retention.maintain import maintain
from vsf_assets.transform import dbt_runner
from vsf_assets.transform.dbt_runner import DbtOutcome
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms import lake_upkeep, shared_upkeep
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.recomputation import deliveries
from vsf_assets_tests.prebuilt import use_place
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home

WRITERS = 4
PATIENCE = 3000.0
"""Seconds after which a process that waits for others gives up."""


@dataclass(frozen=True)
class RebuildJob:
    """What a process does: `write`, `rebuild` or `maintain`.

    Attributes:
        kind: which of them.
        number: of the process, and of its home with a shared lake.
        root: folder of all homes.
        database: of a shared lake; empty for a local one.
        models: folder of the compiled SQL of the models (prebuilt.place).
        files, rebuilds: how many there are of both.
        seconds: for which a rebuild waits at least.
    """

    kind: str
    number: int
    root: str
    database: str
    models: str
    files: int
    rebuilds: int
    seconds: float

    def start(self) -> ForkedProcess:
        """Start a process that does it."""
        return ForkedProcess("vsf_assets_tests.lake.rebuild_processes", "main", [json.dumps(asdict(self))])

    @property
    def home(self) -> Home:
        """Its home, which notes when it waits for a lock."""
        root = Path(self.root)
        lake = root / ("lakes" if self.database else "home") / "lake"
        variables = {"LAKE": str(lake), "KEEP_SNAPSHOTS": "3", "KEEP_SNAPSHOT_HOURS": "0"}
        if self.database:
            places = {name.upper(): str(root / name) for name in ("landing", "archive", "snapshots")}
            variables |= {"CATALOG": self.database, **places}
        home = Home(root / (f"home-{self.number}" if self.database else "home"), **variables)
        home.warehouse = replace(home.warehouse, on_wait=lambda _: self.mark(f"waits-{self.number}").touch())
        return home

    def mark(self, name: str) -> Path:
        """A file whose presence tells the others something: `end`, `slow-<rebuild>`, `waits-<process>`."""
        return Path(self.root) / "marks" / name

    def portion(self, number: int) -> dict[str, tuple[bytes, int]]:
        """The files that land in a portion."""
        landed = list(deliveries(self.files).items())
        return dict(landed[self.end_of(number - 1) : self.end_of(number)])

    def end_of(self, portion: int) -> int:
        """Number of files up to the end of a portion, which are numbered from 0."""
        return self.files * (portion + 1) // (self.rebuilds + 1)


def write(job: RebuildJob) -> None:
    """Land every fourth file of each portion and store it, or let another writer do so."""
    home = job.home
    for portion in range(job.rebuilds + 1):
        if portion:
            wait_until(job.mark(f"slow-{portion}").exists, PATIENCE)
        for name, (content, minute) in list(job.portion(portion).items())[job.number % WRITERS :: WRITERS]:
            land_whole(home, name, content, minute)
            home.ingest()
    wait_until(lambda: not home.landed(), PATIENCE)


def land_whole(home: Home, name: str, content: bytes, minute: int) -> None:
    """Land a file that nobody sees before it is whole, as senders do."""
    made = home.land(f".arriving-{name}", content, minute)
    made.rename(home.landing / name)


def rebuild_slowly(job: RebuildJob) -> None:
    """Rebuild after each portion but the last; each rebuild waits in its middle for the writers of the next one."""
    use_place(Path(job.models))
    home, build = job.home, dbt_runner.build
    for number in range(1, job.rebuilds + 1):
        before = job.end_of(number - 1)
        wait_until(lambda count=before: stored(home) >= count, PATIENCE)

        def come(number: int = number, before: int = before) -> bool:
            if job.database:
                return stored(home) >= before + len(job.portion(number)) // 2
            return all(job.mark(f"waits-{writer}").exists() for writer in range(WRITERS))

        def slowed(
            warehouse: Warehouse, *, full: bool, come: Callable[[], bool] = come, number: int = number
        ) -> DbtOutcome:
            for writer in range(WRITERS):
                job.mark(f"waits-{writer}").unlink(missing_ok=True)
            job.mark(f"slow-{number}").touch()
            wait_until(come, PATIENCE)
            time.sleep(job.seconds)
            return build(warehouse, full=full)

        with built_directly(checked=False), pytest.MonkeyPatch.context() as patch:
            patch.setattr(dbt_runner, "build", slowed)
            assert rebuild(home.warehouse, "rebuild").problems == []


def stored(home: Home) -> int:
    """Return the number of files that are stored and archived."""
    return len(list(home.archive.glob("[a-z]*/**/*.csv")))  # hidden folders hold unfinished copies


def keep_in_order(job: RebuildJob) -> None:
    """Do the upkeep every second, two minutes ahead, and let nothing stay for an hour that nobody needs."""
    shared_upkeep._GRACE_US, lake_upkeep.GRACE = 0, 0.0
    settings = replace(job.home.settings, lock_wait_seconds=2.0)
    while not job.mark("end").exists():
        with contextlib.suppress(VsfError, duckdb.Error, psycopg.Error):
            done = maintain(settings, lambda _: None, datetime.now(UTC) + timedelta(minutes=2))
            files = [part.count for part in done.removed if part.kind == "data files"]
            with job.mark("upkeep").open("a") as file:
                file.writelines(f"{line}\n" for line in (*done.problems, f"removed {sum(files)}"))
        time.sleep(1)


def main() -> None:
    """Do one job; only who maintains may remove files of a shared lake."""
    job = RebuildJob(**json.loads(sys.argv[1]))
    if job.kind == "maintain":
        let_this_process_remove()
    {"write": write, "rebuild": rebuild_slowly, "maintain": keep_in_order}[job.kind](job)
