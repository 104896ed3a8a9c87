"""The `vsf` command in tests: an empty home, the command line in this process, what a snapshot holds.

Here: helpers and fixtures of tests that go through `vsf` or Dagster. Not here: assertions, and the
engine without the command line (warehouses.py).
"""

import gc
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from vsf_assets.cli.main import COMMANDS, cli
from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.attached import ask, attached
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.forms import lose_warehouse, name_home
from vsf_assets_tests.prebuilt import put_built_warehouse, put_dagster_storage

SAMPLES = Path(os.environ.get("VSF_SAMPLES", Path(__file__).resolve().parents[2] / "shared" / "samples"))
NOT_COMPARED = {
    "raw.files": "loaded_at, run_id",
    "reports.files": "loaded_at, run_id, first_snapshot, published_at",
    "transform_intermediate.int_ledger__files": "loaded_at, run_id",
    "transform_intermediate.int_ledger__deliveries": "loaded_at, run_id",
    "transform_intermediate.int_mobile__event_files": "loaded_at",
    "transform_intermediate.int_catalog__object_states": "loaded_at",
    "transform_intermediate.int_catalog__songs": "loaded_at",
    "transform_intermediate.int_catalog__movies": "loaded_at",
    "transform_intermediate.int_catalog__apps": "loaded_at",
    "marts.dim_songs": "ingestion_time",
    "marts.dim_movies": "ingestion_time",
    "marts.dim_apps": "ingestion_time",
    "marts.dim_song_versions": "ingestion_time",
    "marts.dim_movie_versions": "ingestion_time",
    "marts.dim_app_versions": "ingestion_time",
}
"""Columns that tell of the run and not of the data."""


NOT_INHERITED = (
    *("VSF_LANDING", "VSF_ARCHIVE", "VSF_SNAPSHOTS", "VSF_AFTER_LOAD", "VSF_SCORE_SEED", "VSF_DATASET_WAIT_SECONDS"),
    *("VSF_FINDINGS_PER_FILE", "VSF_FILE_UNPACKED_MAX", "VSF_STORE_OBJECT_SECONDS"),
    *("VSF_EVENT_DAYS_BEFORE", "VSF_EVENT_DAYS_AFTER"),
    "DAGSTER_HOME",
)
"""Settings that a home of a test has from nobody: neither from the shell nor from a command of an earlier test."""


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    exit_code: int
    output: str
    errors: str


@dataclass(frozen=True)
class Home:
    """An own VSF_HOME; the environment already names it."""

    path: Path

    @property
    def landing(self) -> Path:
        return self.path / "landing"

    @property
    def current(self) -> Path:
        return self.path / "snapshots" / "current.duckdb"

    def drop(self, files: Mapping[str, str | bytes]) -> None:
        """Put files into the landing zone as a stranger would."""
        for name, content in files.items():
            target = self.landing / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def vsf(self, *words: str) -> Outcome:
        """Run the command line in this process, with the exit codes of `main`."""
        assert words[0] in COMMANDS
        result = CliRunner().invoke(cli, list(words), standalone_mode=False)
        gc.unfreeze()  # a run leaves its garbage to the end of the process, and this one goes on
        error, code = result.exception, result.exit_code
        if isinstance(error, SystemExit):
            code = int(error.code or 0)
        elif isinstance(error, UsageError) or type(error).__module__.startswith("click"):
            code = 2
        elif isinstance(error, VsfError | OSError):
            code = 1
        elif error is not None:
            raise error
        return Outcome(code, result.stdout, result.stderr + (str(error) if error else ""))

    def load(self, checked: bool = True) -> None:
        """Do what `vsf run` does with what was landed, without Dagster, which costs as much again.

        Args:
            checked: whether dbt's data tests are asked, all of them; not where the same rows pass them later or
                elsewhere.
        """
        warehouse = Warehouse.of(read_settings())
        chosen = Selection(tuple(all_feeds()), scans=(self.landing / "catalog").is_dir())
        assert ingest(warehouse, chosen, "test").failed == []
        build_pending(warehouse, checked)

    def lose_warehouse(self) -> None:
        """Lose the warehouse, and what belongs to it in the home."""
        if read_settings().lake_database:
            lose_warehouse(read_settings())
        shutil.rmtree(self.path / "warehouse", ignore_errors=bool(read_settings().lake_database))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the current snapshot."""
        return ask(self.current.resolve(), sql)

    def tables(self) -> dict[str, list[str]]:
        """Return every table of the snapshot as sorted rows, without what tells of the run."""
        return tables_of(self.current.resolve())


def tables_of(file: Path) -> dict[str, list[str]]:
    """Return every table of a DuckDB file as sorted rows, without what tells of the run."""
    with attached(file) as connection:
        return _tables_in(connection)


def tables_of_warehouse(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the same of a warehouse in each form."""
    if not warehouse.settings.lake_database:
        return tables_of(warehouse.file)
    with warehouse.read("test") as connection:
        assert connection is not None, "there is no warehouse"
        return _tables_in(connection)


def _tables_in(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    # `transform_build_state` and `transform_previous_build` are the notes that a build takes for the next one.
    names = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database()"
        " and table_schema not in ('transform_build_state', 'transform_previous_build') order by 1"
    ).fetchall()
    found = {}
    for (name,) in names:
        if name not in ("raw.builds", "raw.published_files"):
            without = f"exclude ({NOT_COMPARED[name]})" if name in NOT_COMPARED else ""
            found[name] = sorted(map(repr, connection.execute(f"select * {without} from {name}").fetchall()))
    return found


def enter_home(path: Path, patch: pytest.MonkeyPatch) -> Home:
    """Return an empty home that the environment names, with a built warehouse; files count as stable at once."""
    name_home(path, patch)
    patch.setenv("VSF_SETTLE_SECONDS", "0")
    for name in NOT_INHERITED:
        patch.delenv(name, raising=False)
    put_built_warehouse(read_settings())
    put_dagster_storage(read_settings())
    return Home(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of the test's own, as enter_home makes it."""
    return enter_home(tmp_path / "home", monkeypatch)


@pytest.fixture
def new_home(tmp_path: Path, home: Home) -> Home:
    """The same without a warehouse: a platform that never ran."""
    for folder in ("warehouse", "lake", "dagster"):
        shutil.rmtree(home.path / folder, ignore_errors=folder == "lake")
    return home


@pytest.fixture
def campaign_samples() -> Path:
    """The folder of real campaign files; the test is skipped where they are not."""
    folder = SAMPLES / "campaigns" / "1"
    if not folder.exists():
        pytest.skip(f"no samples at {SAMPLES}; set VSF_SAMPLES")
    return folder
