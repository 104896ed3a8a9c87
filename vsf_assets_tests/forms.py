"""The form of the warehouse that the homes of a run of the tests have, and files of warehouses in that form.

Here: the choice by VSF_TEST_FORM (empty, `lake`, `shared`), copying a home or its warehouse, opening and attaching one.
Not here: tests of the forms themselves (lake/), and which tests run with which form (tests_by_form.py).
"""

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from duckdb import DuckDBPyConnection

from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY
from vsf_assets.config.settings import Settings
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.choose import form_of
from vsf_assets.warehouse.forms.form import DATABASE, WRITTEN_BY_BUILDS, BuildTarget
from vsf_assets.warehouse.forms.lake_index import attach_statements, generation_of
from vsf_assets.warehouse.forms.local_lake import NAME as CATALOG
from vsf_assets.warehouse.forms.published import attach_published, holds_own_rows

LAKE = "lake"
SHARED = "shared"

WHOLE_RUN = os.environ.get("VSF_TEST_FORM") == LAKE
"""Whether every home of this run has a lake, but for those of tests that say otherwise."""

WHOLE_RUN_IS_SHARED = os.environ.get("VSF_TEST_FORM") == SHARED
"""The same for a shared lake."""

homes: list[Path] = []
"""The homes that this process gave a lake."""


def is_lake() -> bool:
    """Whether homes get a lake now."""
    return os.environ.get("VSF_TEST_FORM") == LAKE


def variables(home: Path, has_lake: bool | None = None) -> dict[str, str]:
    """Return the settings that give a home a lake or none; None for the form of this run."""
    if has_lake is None and os.environ.get("VSF_TEST_FORM") == SHARED:
        from vsf_assets_tests.shared_databases import database_of, lake_of

        return {"VSF_CATALOG": database_of(home), "VSF_LAKE": str(lake_of(home)), "VSF_LOCK_TAKEOVER_SECONDS": "3"}
    if not (is_lake() if has_lake is None else has_lake):
        return {"VSF_LAKE": ""}
    homes.append(home)
    return {"VSF_LAKE": str(home / "lake")}


def name_home(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the environment name a home, and its lake or none."""
    for name, value in {"VSF_HOME": str(home), **variables(home)}.items():
        patch.setenv(name, value)


def let_earlier_release_have_made(settings: Settings) -> None:
    """Let the tables count as those of an earlier release, in the form that records which one made them."""
    if settings.lake_database:
        with psycopg.connect(settings.lake_database) as connection:
            connection.execute("update vsf.versions set value = '0.0.1' where name = 'release'")


def lose_warehouse(settings: Settings) -> None:
    """Let a home lose what its warehouse holds: the file, or the database of a lake, which is then made again."""
    if settings.lake_database:
        from vsf_assets_tests.shared_databases import lose_lake

        lose_lake(settings)
    else:
        form_of(settings).file.unlink()


@contextlib.contextmanager
def changed_elsewhere(warehouse: Warehouse) -> Iterator[DuckDBPyConnection]:
    """Open a warehouse for writing, as another program would; it takes the build lock of a shared lake."""
    if warehouse.settings.lake_database:
        with warehouse.lock("another program"), warehouse.connect() as connection:
            yield connection
    else:
        with opened(warehouse.file, read_only=False) as connection:
            yield connection


def copy_home(source: Path, home: Path, *without: str) -> None:
    """Copy a home, also over one that was made before, and let it have its lake as if the first one were gone."""

    def copied(name: str, new: str) -> None:
        Path(new).unlink(missing_ok=True)  # it may be a link to the same file
        shutil.copy2(name, new)

    ignored = shutil.ignore_patterns(*without)
    shutil.copytree(source, home, symlinks=True, ignore=ignored, copy_function=copied, dirs_exist_ok=True)
    (home / "lake" / OWNER_MARKER).unlink(missing_ok=True)
    if os.environ.get("VSF_TEST_FORM") == SHARED:
        from vsf_assets_tests.shared_databases import copy_lake

        copy_lake(source, home)


def copy_warehouse(source: Settings, settings: Settings, may_replace: bool = True) -> None:
    """Give a home a copy of another home's warehouse, whole at once; nobody writes to the other.

    Raises:
        FileExistsError: it has one, which may not be replaced.
    """
    file = form_of(settings).file
    file.parent.mkdir(parents=True, exist_ok=True)
    if settings.lake:
        # Data files never change: links to them are as good as copies.
        shutil.copytree(source.lake, settings.lake, copy_function=link, dirs_exist_ok=True)
    copy = file.with_name(f".{uuid.uuid4().hex}.tmp")
    shutil.copyfile(form_of(source).file, copy)
    if may_replace:
        copy.replace(file)
        return
    try:
        os.link(copy, file)
    finally:
        copy.unlink()


def link(source: str, target: str) -> None:
    """Link a file that nobody changes, as a copy of it; one that is there stays."""
    with contextlib.suppress(FileExistsError):
        os.link(source, target)


@contextlib.contextmanager
def opened(file: Path, read_only: bool = True) -> Iterator[DuckDBPyConnection]:
    """Open a snapshot, or the file of a warehouse in either form, as another program would: without the platform."""
    if file.name != CATALOG and holds_own_rows(file):
        with duckdb.connect(str(file), read_only=read_only) as connection:
            yield connection
        return
    with duckdb.connect(config=OWN_SQL_ONLY) as connection:
        connection.execute("set TimeZone = 'UTC'")
        attach(connection, file, "warehouse", read_only)
        connection.execute("use warehouse")
        yield connection


def attach(connection: DuckDBPyConnection, file: Path, name: str, read_only: bool = True) -> None:
    """Attach a snapshot, or the file of a warehouse in either form."""
    if file.name == CATALOG:
        for statement in attach_statements(file, file.parents[1] / "lake" / generation_of(file), name, read_only):
            connection.execute(statement)
    elif read_only:
        attach_published(connection, file, name)
    else:
        connection.execute(f"attach '{file}' as {name}")


def for_target(sql: str, target: BuildTarget) -> str:
    """Return compiled SQL with the sources where a build reads them, as dbt compiles it then."""
    if target.sources == DATABASE:
        return sql
    others = "|".join(WRITTEN_BY_BUILDS)
    return re.sub(rf'"{DATABASE}"\."raw"\."(?!(?:{others})")', f'"{target.sources}"."raw"."', sql)


def attach_target(connection: DuckDBPyConnection, target: BuildTarget) -> None:
    """Attach the warehouse that a build writes to, as dbt does."""
    for statement in target.statements:
        connection.execute(statement)
    connection.execute(f"attach if not exists '{target.path}' as warehouse")
