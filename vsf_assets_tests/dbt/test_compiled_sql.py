"""Compiled SQL depends on the project and the settings alone: the same files for every state of the database.

Here: both forms (incremental, and full by `--full-refresh`), and that the tables exist that the incremental form reads
before anything made them. Not here: which days an incremental build makes (test_affected_days.py).
"""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.transform.build_state import PREVIOUS_BUILD
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.builds import invoked
from vsf_assets_tests.forms import variables
from vsf_assets_tests.prebuilt import first_build, put_built_warehouse

FORMS: dict[str, list[str]] = {"incremental": [], "full": ["--full-refresh"]}


def empty(settings: Settings) -> None:
    """No file at all."""


def built(settings: Settings) -> None:
    put_built_warehouse(settings)


def partly_built(settings: Settings) -> None:
    """Every second table of dbt is missing, as after a first build that was stopped; and one has other columns."""
    put_built_warehouse(settings)
    with Warehouse.of(settings).connect() as connection:
        sql = """
            select table_schema || '.' || table_name from information_schema.tables
            where table_schema != 'raw' and table_catalog = current_database() order by 1
        """
        tables = [name for (name,) in connection.execute(sql).fetchall()]
        assert len(tables) > 50
        for name in tables[::2]:
            connection.execute(f"drop table {name}")
        connection.execute(f"create or replace table {PREVIOUS_BUILD}.int_mobile__event_files as select 1 as other")


def compiled(settings: Settings, flags: list[str]) -> dict[str, bytes]:
    """Return path -> content of every file that `dbt compile` writes."""
    folder = settings.home / "dbt" / "compiled"
    shutil.rmtree(folder, ignore_errors=True)
    (settings.home / "warehouse").mkdir(parents=True, exist_ok=True)
    invoked(settings, ["compile", *flags])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.sql")}


@pytest.fixture(scope="module")
def home_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Settings]:
    """Return a function state -> home, which makes a home of each state once."""

    @cache
    def make(state: str) -> Settings:
        home = tmp_path_factory.mktemp(state)
        settings = read_settings({"VSF_HOME": str(home), **variables(home)})
        {"empty": empty, "built": built, "partly_built": partly_built}[state](settings)
        return settings

    return make


@pytest.fixture(scope="module")
def files(home_in: Callable[[str], Settings]) -> Callable[[str, str], dict[str, bytes]]:
    """Return a function (form, state) -> compiled files, which compiles each pair once."""
    return cache(lambda form, state: compiled(home_in(state), FORMS[form]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("state", ["empty", "partly_built"])
def test_compiled_sql_is_the_same_for_every_state_of_the_database(
    files: Callable[[str, str], dict[str, bytes]], form: str, state: str
) -> None:
    expected = files(form, "built")
    assert len(expected) > 150
    assert sorted(files(form, state)) == sorted(expected)
    assert [name for name, content in files(form, state).items() if content != expected[name]] == []


def test_compiling_again_gives_the_same_files(
    home_in: Callable[[str], Settings], files: Callable[[str, str], dict[str, bytes]]
) -> None:
    before = files("incremental", "built")
    assert compiled(home_in("built"), FORMS["incremental"]) == before


def test_the_two_forms_differ_where_a_model_reads_an_earlier_build(
    files: Callable[[str, str], dict[str, bytes]],
) -> None:
    incremental, full = files("incremental", "built"), files("full", "built")
    changed = {name for name, content in incremental.items() if content != full[name]}
    assert {Path(name).stem for name in changed if "unit_tests" not in name} == {
        "int_mobile__affected_days",
        "int_mobile__changed_days",
        "int_mobile__event_files",
        "int_mobile__shared_ids",
        "int_mobile__version_days",
    }
    for name in changed:
        assert b"where false" in full[name]
        assert b"where false" not in incremental[name]


def test_the_incremental_form_builds_on_a_warehouse_that_dbt_never_saw() -> None:
    """The tables that models read before they are built are made first, with the columns that the models declare.

    The build is the one of the warehouse that homes are copied from: it began with raw tables alone.
    """
    left = first_build()
    assert len(left["to_keep"]) == 6
    for table in left["to_keep"]:
        made_empty = f"{PREVIOUS_BUILD}.{table.split('.')[1]}"
        assert left["columns"][made_empty] == left["columns"][table] != []
