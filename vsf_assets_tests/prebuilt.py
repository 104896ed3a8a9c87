"""A warehouse with every mart built and empty, made once per run of the tests and copied into homes.

Here: that one short cut. A first build makes every model and check, which costs ten times what a
delivery costs afterwards. Not for tests of the first build itself: those start without a warehouse.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import record_build
from vsf_assets.warehouse.connection import Warehouse, ensure_tables
from vsf_assets.warehouse.lock import hold_lock

_places: list[Path] = []


@pytest.fixture(scope="session", autouse=True)
def place_of_the_original(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """Choose the folder of the original; processes that share a run of the tests share it."""
    own = tmp_path_factory.getbasetemp()
    _places.append(own if worker_id == "master" else own.parent)
    yield
    _places.pop()


def put_built_warehouse(settings: Settings) -> None:
    """Give a home a warehouse whose build 0 absorbed nothing; the next build is number 1."""
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    original = _places[-1] / "built.duckdb"
    with hold_lock(original.with_suffix(".lock"), "building the empty warehouse", 600):
        if not original.exists():
            _build(original)
    shutil.copyfile(original, settings.warehouse_file)


def _build(original: Path) -> None:
    """Build all on an empty warehouse, which every check must pass, and name it once it is whole."""
    settings = read_settings({"VSF_HOME": str(original.with_name("built")), "VSF_SETTLE_SECONDS": "0"})
    dbt.ensure_manifest(settings)
    warehouse = Warehouse.of(settings)
    with warehouse.connect() as connection:
        ensure_tables(connection)
    outcome = dbt.build(settings, warehouse.file)
    assert (outcome.errors, outcome.failed) == ([], {})
    with warehouse.connect() as connection:
        record_build(connection, settings, 0, "template", datetime.now(UTC), outcome.to_keep)
        connection.execute("checkpoint")
    warehouse.file.rename(original)
