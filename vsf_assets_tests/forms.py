"""Warehouses and snapshots that tests copy and open themselves, whichever form they have.

Here: copying a warehouse from home to home, and attaching one. Not here: tests of the platform's own ways of opening
them (engine/test_connection.py, engine/test_snapshots.py).
"""

import os
import shutil
import uuid
from pathlib import Path

from duckdb import DuckDBPyConnection

from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.choose import form_of
from vsf_assets.warehouse.forms.form import BuildTarget
from vsf_assets.warehouse.forms.published import attach_published


def copy_warehouse(source: Settings, settings: Settings, may_replace: bool = True) -> None:
    """Give a home a copy of another home's warehouse, whole at once; nobody writes to the other.

    Raises:
        FileExistsError: it has one, which may not be replaced.
    """
    file = form_of(settings).file
    file.parent.mkdir(parents=True, exist_ok=True)
    copy = file.with_name(f".{uuid.uuid4().hex}.tmp")
    shutil.copyfile(form_of(source).file, copy)
    if may_replace:
        copy.replace(file)
        return
    try:
        os.link(copy, file)
    finally:
        copy.unlink()


def attach(connection: DuckDBPyConnection, file: Path, name: str) -> None:
    """Attach a snapshot, or the file of a warehouse that nobody writes to, for reading."""
    attach_published(connection, file, name)


def attach_target(connection: DuckDBPyConnection, target: BuildTarget) -> None:
    """Attach the warehouse that a build writes to, as dbt does."""
    connection.execute(f"attach '{target.path}' as warehouse")
