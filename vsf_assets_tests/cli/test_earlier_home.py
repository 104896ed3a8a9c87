"""A home of an earlier release: one run of this one, and it holds what a rebuild would make of its archive.

It has one file. With a lake it is told to move, and moves by a rebuild.

Not here: how the home was made (homes/make_0_1.py) and single steps of reading again (engine/test_mended_readings.py).
"""

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import homes
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import NOT_INHERITED, Home, Outcome, tables_of
from vsf_assets_tests.comments import uncommented
from vsf_assets_tests.forms import opened, variables
from vsf_assets_tests.homes.make_0_1 import FILES
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.shared_databases import database_of, lake_of

PACKED = Path(homes.__file__).parent / "home_0_1.tar.xz"
BUILT_BY_EARLIER_RELEASES = (
    "staging.stg_ledger__files",
    "staging.stg_vsf__line_versions",
    "absorbed.stg_vsf__line_versions",
    "changes.stg_vsf__affected_days",
    "marts.dim_of_an_earlier_release",
)
"""Tables of dbt that homes of earlier releases hold; the packed one is without its marts."""


def unpack(path: Path, patch: pytest.MonkeyPatch) -> Home:
    """Return the home of release 0.1, which the environment names."""
    for name in NOT_INHERITED:
        patch.delenv(name, raising=False)
    settings = {"VSF_HOME": str(path), "VSF_SETTLE_SECONDS": "0", "VSF_DATASET_WAIT_SECONDS": "0"}
    for name, value in {**settings, **variables(path, has_lake=False)}.items():
        patch.setenv(name, value)
    with tarfile.open(PACKED) as archive:
        archive.extractall(path, filter="data")
    return Home(path)


def of_a_shared_lake(home: Home) -> dict[str, str]:
    """Return the settings of a prepared lake that the home may share with others."""
    lake = {"VSF_CATALOG": database_of(home.path), "VSF_LAKE": str(lake_of(home.path))}
    return {**lake, "VSF_LOCK_TAKEOVER_SECONDS": "3"}


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Outcome, Outcome]]:
    """Return the home after one `vsf run`, and what `vsf status` said before it and after; tests only ask."""
    with pytest.MonkeyPatch.context() as patch:
        home = unpack(tmp_path_factory.mktemp("upgraded") / "home", patch)
        with Warehouse.of(read_settings()).connect() as connection:
            for table in BUILT_BY_EARLIER_RELEASES:
                connection.execute(f"create schema if not exists {table.split('.')[0]}")
                connection.execute(f"create table {table} as select 1 as x")
        before = home.vsf("status")
        done = home.vsf("run")
        assert done.exit_code == 0, done.output + done.errors
        yield home, before, home.vsf("status")


def test_status_says_what_will_be_read_again_and_the_run_does_it_once(
    upgraded: tuple[Home, Outcome, Outcome],
) -> None:
    home, before, after = upgraded
    words = " originals will be read again: the reading of "
    assert (words in before.output, words in after.output, "cannot be read again" in before.output) == (
        True,
        False,
        False,
    )
    for feed in ("events (3)", "lines (3)", "accounts (3)", "clicks (4)", "datasets (4)", "catalog (2)"):
        assert feed in before.output
    assert home.vsf("run").output.startswith("nothing is pending")


def test_the_home_holds_the_tables_of_a_new_one(upgraded: tuple[Home, Outcome, Outcome], tmp_path: Path) -> None:
    home, _, _ = upgraded
    new = read_settings({"VSF_HOME": str(tmp_path), **variables(tmp_path)})
    put_built_warehouse(new)

    def relations(settings: Settings) -> list[tuple[str, str]]:
        of_schemas = "from duckdb_schemas() where database_name = current_database() and schema_name <> 'main'"
        of_tables = "from information_schema.tables where table_catalog = current_database()"
        with Warehouse.of(settings).connect(read_only=True) as connection:
            schemas = connection.execute(f"select schema_name, '' {of_schemas}").fetchall()
            tables = connection.execute(f"select table_schema, table_name {of_tables} order by all").fetchall()
            return sorted(schemas) + tables

    assert relations(read_settings({"VSF_HOME": str(home.path)})) == relations(new)


def test_the_home_has_comments_on_all_that_analysts_read(upgraded: tuple[Home, Outcome, Outcome]) -> None:
    with opened(upgraded[0].current.resolve()) as connection:
        assert uncommented(connection) == []


def test_the_home_holds_what_a_rebuild_makes_of_its_archive(
    upgraded: tuple[Home, Outcome, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _, _ = upgraded
    copied = tmp_path / "copied"
    shutil.copytree(home.path, copied, symlinks=True)
    monkeypatch.setenv("VSF_HOME", str(copied))
    warehouse = Warehouse.of(read_settings())
    with built_directly():
        assert rebuild(warehouse, "rebuild").problems == []
    run, again = home.tables(), tables_of(warehouse.file)
    assert run.keys() == again.keys()
    assert [name for name in run if run[name] != again[name]] == []


@pytest.mark.lake
@pytest.mark.parametrize("form", ["local lake", "shared lake"])
def test_with_a_lake_the_home_is_told_to_move_and_then_holds_the_same_tables(
    upgraded: tuple[Home, Outcome, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    home, _, _ = upgraded
    expected = home.tables()
    moved = unpack(tmp_path / "home", monkeypatch)
    given = of_a_shared_lake(moved) if form == "shared lake" else variables(moved.path, has_lake=True)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for command in ("run", "status"):
        refused = moved.vsf(command)
        assert (refused.exit_code, "move it there with: vsf rebuild" in refused.errors) == (1, True), refused
    before = Warehouse.of(read_settings()).earlier()
    assert before is not None
    with built_directly():
        done = moved.vsf("rebuild")
    assert done.exit_code == 0, done.output + done.errors
    assert (before.exists, Warehouse.of(read_settings()).form.shares_rows) == (False, True)
    # A shared lake is published with views of one version over all its rows.
    found = {name: rows for name, rows in moved.tables().items() if not name.startswith("stored_raw.")}
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    assert moved.vsf("run").output.startswith("nothing is pending")
    earlier = dict(FILES)["clicks_1.csv"]
    moved.drop({"clicks_4.csv": "click_id,banner_id,campaign_id\n71,10,100\n", "clicks_1_later.csv": earlier})
    moved.load(checked=False)
    delivered = "from reports.files where file_name in ('clicks_1_later.csv', 'clicks_4.csv') order by 1"
    assert moved.ask(f"select file_name, status, rows_loaded {delivered}") == [
        ("clicks_1_later.csv", "duplicate_file", 0),
        ("clicks_4.csv", "loaded", 1),
    ]


def test_mended_rules_reach_what_was_loaded_long_ago(upgraded: tuple[Home, Outcome, Outcome]) -> None:
    home, _, _ = upgraded
    titles = home.ask("select original_title_normalized from marts.dim_movies order by budget")
    assert titles == [("सैयारा",), ("सियार",), ("am\u00e9lie",), ("???",)]
    assert home.ask("select artist_name, title from marts.dim_songs order by 1") == [("A", "B|C"), ("A|B", "C")]
    stray = "select event_uuid from marts.fct_activity_events where date_key = '0001-01-01' order by 1"
    assert home.ask(stray)[:2] == [("e2",), ("e3",)]
    assert home.ask("select count(*) < 5000 from marts.dim_dates") == [(True,)]
    kept = "select status, rows_loaded from reports.files where file_name = 'order_lines.csv' and feed = 'lines'"
    assert home.ask(kept) == [("loaded", 1)], "recognized by its name no longer, but its rows stay"


def test_originals_that_are_gone_stay_as_read_and_fail_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = unpack(tmp_path / "home", monkeypatch)
    shutil.rmtree(home.path / "archive")
    monkeypatch.setenv("VSF_AFTER_LOAD", "delete")
    status = home.vsf("status")
    assert " originals cannot be read again and stay as read before: the reading of " in status.output
    home.drop({"impressions_4.csv": "banner_id,campaign_id\n1,2\n"})
    home.load(checked=False)
    assert home.ask("select status from reports.files where file_name = 'impressions_4.csv'") == [("loaded",)]
    assert home.ask("select count(*) from raw.events") == [(9,)], "as they were read"
