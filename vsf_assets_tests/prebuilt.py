"""What a first run makes, made once per run of the tests and copied into homes.

Here: a warehouse with every mart built and empty, and Dagster's storage with its tables. A first build makes every
model and check, which costs ten times what a delivery costs afterwards. Not for tests of the first run itself: those
start without both.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vsf_assets.config.settings import PROJECT_ROOT, Settings, read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import record_build
from vsf_assets.warehouse.connection import Warehouse, ensure_tables
from vsf_assets.warehouse.forms.form import BuildTarget
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets_tests import raw_tables
from vsf_assets_tests.data_tests import keep_data_tests
from vsf_assets_tests.direct_models import build_models, compile_in_full, keep_models
from vsf_assets_tests.forms import WHOLE_RUN, copy_warehouse, variables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PREPARE = """
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.serve import keep_files_private, prepare
keep_files_private()
prepare(read_settings(), print)
from django.db import connections
connections.close_all()
"""
"""A process of its own, since Django takes its settings once."""

_places: list[Path] = []


@pytest.fixture(scope="session", autouse=True)
def place_of_the_original(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """Choose the folder of the original; processes that share a run of the tests share it."""
    own = tmp_path_factory.getbasetemp()
    _places.append(own if worker_id == "master" else own.parent)
    raw_tables.places.append(_places[-1])
    yield
    raw_tables.places.pop()
    _places.pop()


def place() -> Path:
    """Return the folder of the original."""
    return _places[-1]


def use_place(folder: Path) -> None:
    """Use the folder of another process's original."""
    _places.append(folder)


def put_built_warehouse(settings: Settings) -> None:
    """Give a home a warehouse whose build 0 absorbed nothing; the next build is number 1."""
    _original()
    if settings.lake_database:
        from vsf_assets_tests.shared_databases import put_built_lake

        put_built_lake(settings, _build_without_dbt)
        return
    copy_warehouse(_other_original() if settings.lake and not WHOLE_RUN else _original_settings(), settings)
    Warehouse.of(settings).remember_tables()


def put_dagster_storage(settings: Settings) -> None:
    """Give a home Dagster's storage with its tables made, which is an eighth of what a small run costs."""
    from vsf_assets.defs.local_runner import open_instance

    original = _places[-1] / "storage"
    with hold_lock(original.with_suffix(".lock"), "making Dagster's tables", 600):
        if not original.exists():
            made = read_settings({"VSF_HOME": str(original.with_name("storage.home"))})
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DAGSTER_HOME", "")  # it is exported while the storage is open
                patch.setenv("VSF_HOME", str(made.home))
                with open_instance(made):
                    pass
            made.dagster_home.rename(original)
    shutil.copytree(original, settings.dagster_home, ignore=shutil.ignore_patterns("dagster.yaml", "*.lock"))


def put_portal_database(home: Path) -> None:
    """Give a home the portal's database with its tables and no account, if it has none; migrations take a second.

    Outside of tests, as for the pictures of the documentation, the portal makes it.
    """
    file = home / "portal" / "portal.sqlite3"
    if file.exists() or not _places:
        return
    original = _places[-1] / "portal.home"
    with hold_lock(original.with_suffix(".lock"), "making the portal's tables", 600):
        if not original.exists():
            made = original.with_name("portal.made")
            environment = {**os.environ, "VSF_HOME": str(made), "PYTHONPATH": str(PROJECT_ROOT)}
            subprocess.run([sys.executable, "-c", _PREPARE], env=environment, check=True, capture_output=True)
            made.rename(original)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(original / "portal" / file.name, file)
    file.chmod(0o600)


def compiled_data_tests() -> Path:
    """Return the file that holds dbt's data tests as SQL; see data_tests.py."""
    return _original().with_suffix(".json")


def compiled_models(full: bool) -> Path:
    """Return the file that holds dbt's models as SQL in one of the two forms; see direct_models.py.

    The incremental form is that of the original's build; the full one is compiled by the first who asks for it.
    """
    original = _original()
    file = _file_of_models(original, full)
    with hold_lock(file.with_suffix(".lock"), "compiling the models", 600):
        if not file.exists():
            settings = read_settings({"VSF_HOME": str(file.with_suffix(""))})
            keep_models(compile_in_full(settings), settings, file)
    return file


def compiled_sql() -> Path:
    """Return the folder of the SQL that dbt compiled for the original's build: of all models and data tests."""
    return _original().with_name("built") / "dbt" / "compiled" / "vsf"


def first_build() -> dict[str, Any]:
    """Return what dbt's build of the original left, on a warehouse that dbt never saw; no error, no failed test.

    `to_keep` has the tables that the next build compares with, `columns` the columns and types of every table, by
    name. Those in `transform_previous_build` are as dbt made them, and not yet the copies of `record_build`.
    """
    found: dict[str, Any] = json.loads(_file_of_first_build(_original()).read_text())
    return found


def _file_of_first_build(original: Path) -> Path:
    return original.with_name("first_build.json")


def _columns(connection: "DuckDBPyConnection") -> dict[str, list[list[str]]]:
    sql = """
        select table_schema || '.' || table_name, list([column_name, data_type] order by column_name)
        from information_schema.columns where table_catalog = current_database() group by 1
    """
    return dict(connection.execute(sql).fetchall())


def _file_of_models(original: Path, full: bool) -> Path:
    return original.with_name("models_full.json" if full else "models_incremental.json")


def _original() -> Path:
    """Return the mark of the built warehouse that homes are copied from, made by the first who asks.

    What belongs to it stands beside the mark.
    """
    original = _places[-1] / "built.done"
    with hold_lock(original.with_suffix(".lock"), "building the empty warehouse", 600):
        if not original.exists():
            _build(original)
    return original


def _other_original() -> Settings:
    """Return the settings of a home whose lake has the same tables, in a run with files; made without dbt."""
    home = _places[-1] / "built_lake"
    settings = read_settings({"VSF_HOME": str(home), "VSF_SETTLE_SECONDS": "0", **variables(home, has_lake=True)})
    compiled_models(full=False)  # made by dbt itself, under a lock of its own
    with hold_lock(home.with_suffix(".lock"), "building the empty lake", 600):
        if not home.with_suffix(".done").exists():
            warehouse = Warehouse.of(settings)
            with warehouse.connect() as connection:
                ensure_tables(connection)
            _build_without_dbt(warehouse)
            home.with_suffix(".done").touch()
    return settings


def _build_without_dbt(warehouse: Warehouse) -> None:
    """Build all as build 0 in a warehouse that has its raw tables and no row."""
    models, kept = compiled_models(full=False), first_build()["to_keep"]
    with warehouse.lock("template"):
        pinned = warehouse.pinned()
        with pinned.building() as target:
            build_models(target, models, (), full=False)
        with pinned.connect() as connection:
            now, delivered = datetime.now(UTC), pinned.form.delivered
            record_build(connection, pinned.settings, 0, "template", now, kept, delivered)


def _build(original: Path) -> None:
    """Build all on an empty warehouse, which every check must pass, and name it once it is whole."""
    settings = _original_settings()
    dbt.ensure_manifest(settings)
    warehouse = Warehouse.of(settings)
    with warehouse.connect() as connection:
        ensure_tables(connection)
    results: list[Any] = []
    invoke = dbt.invoke

    def kept(settings: Settings, target: BuildTarget, arguments: Sequence[str]) -> tuple[Any, list[dict[str, Any]]]:
        result, events = invoke(settings, target, arguments)
        results.extend(result.result)
        return result, events

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "invoke", kept)
        patch.setattr(dbt, "LEFT_OUT", ("unit_test",))  # the test that asks first may leave out more
        outcome = dbt.build(warehouse)
    assert (outcome.errors, outcome.failed) == ([], {})
    keep_data_tests(results, settings, original.with_suffix(".json"))
    keep_models(results, settings, _file_of_models(original, full=False))
    with warehouse.connect() as connection:
        left = {"to_keep": outcome.to_keep, "columns": _columns(connection)}
        _file_of_first_build(original).write_text(json.dumps(left))
        record_build(connection, settings, 0, "template", datetime.now(UTC), outcome.to_keep)
        warehouse.checkpoint(connection)
    original.touch()


def _original_settings() -> Settings:
    """Return the settings of the home whose warehouse dbt built, in the form of the run."""
    home = _places[-1] / "built"
    return read_settings({"VSF_HOME": str(home), "VSF_SETTLE_SECONDS": "0", **variables(home, WHOLE_RUN)})
