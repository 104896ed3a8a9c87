"""Homes into which many days of events have landed: made once and kept, copied for each measurement.

Here: days that land in a home, the kept homes by size, and their copies. Up to each size the days come in one run.
What a kept home depends on is in the names of its folders: the recipe of the files, the version of DuckDB and its file
format; models, contracts and settings, as a build knows them. Where only the latter changed, a run brings a kept home
up to date.
Not here: measuring (growth.py), and what is in the files (event_rows.py).
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.bench import Bench
from vsf_assets.common.file_copy import copy_into
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.build import BuildReport, Progress, build_and_publish
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import project_version
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.form import STORAGE_VERSION

FILES = 3
"""Files of a day."""
FEEDS = ("events", "lines", "accounts", "limits")
ONE_SNAPSHOT = {"VSF_KEEP_SNAPSHOTS": "1", "VSF_KEEP_SNAPSHOT_HOURS": "0"}
"""Each snapshot is a copy of a year; nobody reads them here."""
LAKE = "lake"
"""Folder of the lake in a home that has one."""
NEVER_CHANGED = {"archive", "snapshots", LAKE}
"""Folders of a home whose files are only added and removed, so that a copy may share them."""


class Days:
    """A warehouse into which days of events land, one after the other.

    Args:
        bench: sizes and kept files.
        settings: a home with so many days.
        count: events of a day.
        landed: days that landed before.
    """

    def __init__(self, bench: Bench, settings: Settings, count: int, landed: int = 0):
        self._bench = bench
        self._count = count
        self._landed = landed
        self.warehouse = Warehouse.of(settings)
        dbt.ensure_manifest(settings)
        if not landed:
            land(settings, bench.events().states(count))

    def land_up_to(self, size: int) -> None:
        """Land the days that are missing up to a size; `ingest_landed` stores them."""
        for number in range(self._landed, size):
            land(self.warehouse.settings, self._bench.events().day(number, self._count, FILES))
        self._landed = size

    def land_another(self) -> None:
        """Land one day more."""
        self.land_up_to(self._landed + 1)

    def check(self) -> None:
        """Check that the warehouse holds every day that landed, and the archive every file.

        Raises:
            RuntimeError: it does not, so there is nothing to measure.
        """
        sql = "select count(distinct partition_key) from raw.files where feed = 'events' and status = 'loaded'"
        with self.warehouse.read("benchmark") as connection:
            stored = connection.execute(sql).fetchall()[0][0] if connection else 0
        if stored != self._landed:
            raise RuntimeError(f"the home holds {stored} days of events, not {self._landed}")


@dataclass(frozen=True)
class GrownHomes:
    """The kept homes with so many events a day.

    Attributes:
        bench: root, and kept files.
        count: events of a day.
    """

    bench: Bench
    count: int

    @property
    def folder(self) -> Path:
        """Folder of the homes as the project is now."""
        return self._of_all_projects / project_version(read_settings({})) / str(self.count)

    @property
    def _of_all_projects(self) -> Path:
        made_with = (self.bench.events().folder.name, FILES, duckdb.__version__, STORAGE_VERSION)
        return self.bench.root / f"grown-{hashlib.sha256(repr(made_with).encode()).hexdigest()[:8]}"

    def make(self, sizes: Iterable[int]) -> None:
        """Make the homes that are missing, each from the one before."""
        before = 0
        for size in sorted(sizes):
            if not (self.folder / str(size)).exists():
                self.bench.log(f"growth: making a home with {size:,} days of {self.count:,} events")
                self._make(size, before)
            before = size

    def _make(self, size: int, before: int) -> None:
        temporary = self.folder / f".{size}.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        outdated = next(self._of_all_projects.glob(f"*/{self.count}/{size}"), None)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        if outdated is not None:
            outdated.rename(temporary)
            before = size
        elif before:
            copy_home(self.folder / str(before), temporary)
        settings = settings_of(temporary)
        days = Days(self.bench, settings, self.count, before)
        days.land_up_to(size)
        ingest_landed(days.warehouse)
        build_all(days.warehouse)
        days.check()
        temporary.rename(self.folder / str(size))

    def make_lakes(self, sizes: Iterable[int]) -> None:
        """Move copies of the homes into lakes where they are missing; the homes themselves are made before."""
        for size in sizes:
            target = self.folder / _name(size, has_lake=True)
            if target.exists():
                continue
            self.bench.log(f"growth: making a lake with {size:,} days of {self.count:,} events")
            temporary = self.folder / f".{target.name}.tmp"
            shutil.rmtree(temporary, ignore_errors=True)
            copy_home(self.folder / _name(size), temporary)
            warehouse = Warehouse.of(settings_of(temporary, has_lake=True))
            if problems := rebuild(warehouse, "benchmark").problems:
                raise RuntimeError(f"the lake was not built: {problems}")
            Days(self.bench, warehouse.settings, self.count, size).check()
            temporary.rename(target)

    @contextmanager
    def copied(self, size: int, has_lake: bool = False) -> Iterator[Days]:
        """Yield a copy of a home, which is removed afterwards; the kept one stays as it is."""
        with self.bench.home() as settings:
            copy_home(self.folder / _name(size, has_lake), settings.home)
            (settings.home / LAKE / OWNER_MARKER).unlink(missing_ok=True)  # the copy has its lake alone
            days = Days(self.bench, settings_of(settings.home, has_lake), self.count, size)
            days.check()
            yield days


def _name(size: int, has_lake: bool = False) -> str:
    return f"{size}-lake" if has_lake else str(size)


def copy_home(source: Path, target: Path) -> None:
    """Copy a home that nobody uses; files that nobody changes are shared, the others copied."""

    def copied(name: str, new: str) -> None:
        if Path(name).relative_to(source).parts[0] in NEVER_CHANGED:
            os.link(name, new)
            return
        with Path(new).open("xb") as file:
            copy_into(Path(name), file)
        shutil.copystat(name, new)

    shutil.copytree(source, target, symlinks=True, copy_function=copied, dirs_exist_ok=True)


def settings_of(home: Path, has_lake: bool = False) -> Settings:
    """Return the settings of a home, with a lake in it or without one."""
    lake = {"VSF_LAKE": str(home / LAKE)} if has_lake else {}
    return read_settings({"VSF_HOME": str(home), "VSF_SETTLE_SECONDS": "0", **lake, **ONE_SNAPSHOT})


def land(settings: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the landing zone."""
    landing = Path(settings.landing)
    landing.mkdir(parents=True, exist_ok=True)
    for path in paths:
        shutil.copyfile(path, landing / path.name)


def ingest_landed(warehouse: Warehouse) -> None:
    """Ingest what landed.

    Raises:
        RuntimeError: a file was not loaded, so there is nothing to measure.
    """
    done = ingest(warehouse, Selection(FEEDS), "benchmark")
    if done.left or done.failed or any(row.status != "loaded" for row in done.stored):
        raise RuntimeError(f"not every file was loaded: {done}")


def build_all(warehouse: Warehouse, progress: Progress = lambda _: None) -> BuildReport:
    """Build what the new files change, and publish.

    Raises:
        RuntimeError: nothing was published, so there is nothing to measure.
    """
    report = build_and_publish(warehouse, "benchmark", only_if_pending=True, progress=progress)
    if report.outcome is None or report.problems or report.snapshot is None:
        raise RuntimeError(f"nothing was published: {report.problems}")
    return report
