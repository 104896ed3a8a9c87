"""The form of the warehouse that the homes of a run of the tests have, and files of warehouses in that form.

Here: the choice by VSF_TEST_FORM (empty, or `lake`), copying a warehouse from home to home, and
attaching one. Not here: tests of the forms themselves (lake/).
"""

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from duckdb import DuckDBPyConnection

from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.choose import form_of
from vsf_assets.warehouse.forms.form import BuildTarget
from vsf_assets.warehouse.forms.lake_index import attach_statements, generation_of
from vsf_assets.warehouse.forms.published import attach_published

LAKE = "lake"


def is_lake() -> bool:
    """Whether the homes of this run have a lake."""
    return os.environ.get("VSF_TEST_FORM") == LAKE


def variables(home: Path, has_lake: bool | None = None) -> dict[str, str]:
    """Return the settings that give a home a lake or none; None for the form of this run."""
    return {"VSF_LAKE": str(home / "lake") if (is_lake() if has_lake is None else has_lake) else ""}


def copy_warehouse(source: Settings, settings: Settings, may_replace: bool = True) -> None:
    """Give a home a copy of another home's warehouse, whole at once; nobody writes to the other.

    Raises:
        FileExistsError: it has one, which may not be replaced.
    """
    file = form_of(settings).file
    file.parent.mkdir(parents=True, exist_ok=True)
    if settings.lake:
        # Data files never change: links to them are as good as copies.
        shutil.copytree(source.lake, settings.lake, copy_function=_link, dirs_exist_ok=True)
    copy = file.with_name(f".{uuid.uuid4().hex}.tmp")
    shutil.copyfile(form_of(source).file, copy)
    if may_replace:
        copy.replace(file)
        return
    try:
        os.link(copy, file)
    finally:
        copy.unlink()


def _link(source: str, target: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.link(source, target)


def attach(connection: DuckDBPyConnection, file: Path, name: str, read_only: bool = True) -> None:
    """Attach a snapshot, or the file of a warehouse in either form."""
    if file.name == "lake.duckdb":
        for statement in attach_statements(file, file.parents[1] / "lake" / generation_of(file), name, read_only):
            connection.execute(statement)
    elif read_only:
        attach_published(connection, file, name)
    else:
        connection.execute(f"attach '{file}' as {name}")


def attach_target(connection: DuckDBPyConnection, target: BuildTarget) -> None:
    """Attach the warehouse that a build writes to, as dbt does."""
    for statement in target.statements:
        connection.execute(statement)
    connection.execute(f"attach if not exists '{target.path}' as warehouse")
