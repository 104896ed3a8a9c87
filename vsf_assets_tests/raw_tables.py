"""A warehouse with the raw tables and no row, made once per run of the tests: a third of what a first ingest costs.

Here: making it and copying it into homes of the engine. Not here: a warehouse with marts (prebuilt.py). In processes of
their own, and in homes of a platform that never ran, the first ingest makes the tables itself.
"""

import contextlib
from pathlib import Path

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets_tests.forms import copy_warehouse, variables

places: list[Path] = []
"""Where it is kept, last; prebuilt.py says so."""


def put_raw_tables(settings: Settings) -> None:
    """Give a home that never had a warehouse the tables that its first ingest would make."""
    if settings.lake_database or not places or (settings.home / "warehouse").exists():  # what is gone stays so
        return
    with contextlib.suppress(FileExistsError):  # another thread came first
        copy_warehouse(
            _original(places[-1] / ("raw_tables_lake" if settings.lake else "raw_tables"), bool(settings.lake)),
            settings,
            may_replace=False,
        )
    Warehouse.of(settings).remember_tables()


def _original(home: Path, has_lake: bool) -> Settings:
    settings, done = read_settings({"VSF_HOME": str(home), **variables(home, has_lake)}), home.with_suffix(".done")
    with hold_lock(home.with_suffix(".lock"), "making the raw tables", 600):
        if not done.exists():
            with Warehouse.of(settings).write("making the raw tables"):
                pass
            done.touch()
    return settings
