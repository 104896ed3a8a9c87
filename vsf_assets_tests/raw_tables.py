"""A warehouse with the raw tables and no row, made once per run of the tests: a third of what a first ingest costs.

Here: making it and copying it into homes of the engine. Not here: a warehouse with marts (prebuilt.py). In processes of
their own, and in homes of a platform that never ran, the first ingest makes the tables itself.
"""

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock

places: list[Path] = []
"""Where it is kept, last; prebuilt.py says so."""


def put_raw_tables(settings: Settings) -> None:
    """Give a home that never had a warehouse the tables that its first ingest would make."""
    target = settings.warehouse_file
    if not places or target.parent.exists():  # a warehouse that is gone stays so
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    copy = target.with_name(f".{uuid.uuid4().hex}.tmp")
    shutil.copyfile(_original(places[-1] / "raw_tables.duckdb"), copy)
    with contextlib.suppress(FileExistsError):  # another thread came first
        os.link(copy, target)
    copy.unlink()
    Warehouse.of(settings).remember_tables()


def _original(file: Path) -> Path:
    with hold_lock(file.with_suffix(".lock"), "making the raw tables", 600):
        if not file.exists():
            made = Warehouse.of(read_settings({"VSF_HOME": str(file.with_suffix(".home"))}))
            with made.write("making the raw tables"):
                pass
            made.file.rename(file)
    return file
