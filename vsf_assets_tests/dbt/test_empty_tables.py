"""The guard against empty marts: every mart says when it must hold rows, and an empty one is not published."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import FIRST_PART, FUNDS, dataset_files
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.build import build_and_publish
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.publish.empty_mart_check import EmptyTablesError, conditions, empty_tables
from vsf_assets.publish.publish import row_counts
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.attached import attached
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.forms import opened

DATASET_TABLES = (
    "marts.dim_dataset_versions",
    "marts.dim_namespaces",
    "marts.dim_datapoints",
    "marts.fct_dataset_columns",
    "reports.dataset_anomalies",
)
MAY_BE_EMPTY = {"reports.volume_anomalies": "whether a day is unusual is the model's own answer"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dbt.ensure_manifest(read_settings({"VSF_HOME": str(tmp_path_factory.mktemp("manifest"))}))


@pytest.fixture(scope="module")
def wanted(manifest: Path) -> dict[str, str]:
    return conditions(manifest)


def test_every_mart_and_report_says_when_it_must_hold_rows(manifest: Path, wanted: dict[str, str]) -> None:
    nodes = json.loads(manifest.read_text())["nodes"].values()
    stored = {
        f"{node['schema']}.{node['alias']}"
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    }
    tables = {table for table in stored if table.startswith(("marts.", "reports."))}
    assert tables - set(wanted) == set(MAY_BE_EMPTY)
    assert set(wanted) - tables == set()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which every raw table holds rows, built; tests only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("all"), patch)
        patch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
        home.drop({**demo_files(), **catalog_files(SEED), **dataset_files(SEED)})
        home.load(checked=False)
    return home


def requested(home: Home, wanted: dict[str, str], none_of: Iterable[str] = ()) -> list[str]:
    """Return what the guard says of a snapshot, as if some of its tables were empty."""
    with opened(home.current.resolve()) as connection:
        counts = {**row_counts(connection), **dict.fromkeys(none_of, 0)}
        return empty_tables(connection, counts, wanted)


def test_with_rows_of_every_feed_every_condition_holds(built: Home, manifest: Path, wanted: dict[str, str]) -> None:
    landed = {all_feeds()[feed].models for (feed,) in built.ask("select distinct feed from raw.files")}
    assert landed >= {"campaigns", "catalog", "datasets", "mobile", "synthetic"}
    # A family that the demo has no files of yet has no rows either.
    without_files = {feed.models for feed in all_feeds().values()} - landed
    nodes = json.loads(manifest.read_text())["nodes"].values()
    empty = {f"{node['schema']}.{node['alias']}" for node in nodes if set(node["fqn"]) & without_files}
    assert requested(built, wanted) == []
    assert requested(built, wanted, none_of=wanted) == sorted(set(wanted) - empty)


def test_a_table_that_is_not_there_counts_as_empty(built: Home, wanted: dict[str, str]) -> None:
    with opened(built.current.resolve()) as connection:
        counts = row_counts(connection)
        del counts["marts.fct_campaign_scores"]
        assert empty_tables(connection, counts, wanted) == ["marts.fct_campaign_scores"]


@pytest.mark.both_forms
def test_before_anything_landed_only_the_unknown_members_are_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str]
) -> None:
    enter_home(tmp_path / "home", monkeypatch)
    with Warehouse.of(read_settings()).read("test") as connection:
        assert connection is not None
        counts = row_counts(connection)
        assert empty_tables(connection, counts, wanted) == []
        none = dict.fromkeys(counts, 0) | {"raw.builds": 1}
        assert empty_tables(connection, none, wanted) == ["marts.dim_accounts", "marts.dim_lines"]


NO_LINE = [event("a", "2019-05-20 10:00:00.000"), event("b", "2019-05-20 11:00:00.000", '{"k":1}')]
REPEATED = [event("a", "2019-05-20 10:00:00.000"), event("a", "2019-05-20 10:00:00.000", '{"k":1}', mdn="5551000001")]
NO_PROPERTIES = [event("a", "2019-05-20 10:00:00.000", "{}", mdn="5551000001")]


@pytest.mark.parametrize(
    ("events", "rows"),
    [(NO_LINE, (0, 0)), (REPEATED, (0, 0)), (NO_PROPERTIES, (1, 0))],
    ids=["no mdn", "the mdn comes in a repetition", "no properties"],
)
def test_facts_may_be_empty_where_no_row_qualifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: list[str], rows: tuple[int, int]
) -> None:
    home = enter_home(tmp_path / "home", monkeypatch)
    home.drop({"2019-05-20_x.txt.gz": event_file(*events)})
    home.load(checked=False)
    sql = "select count(*) from marts."
    assert (home.ask(f"{sql}fct_activity_events")[0][0], home.ask(f"{sql}fct_event_properties")[0][0]) == rows


@contextmanager
def changeable(file: Path, table: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Show the tables of a snapshot, and one of them as a copy that takes rows."""
    with attached(file) as connection:
        sql = "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        names = connection.execute(sql).fetchall()
        ((database,),) = connection.execute("select current_database()").fetchall()
        connection.execute("attach ':memory:' as changeable")
        try:
            for schema, name in names:
                connection.execute(f"create schema if not exists changeable.{schema}")
                kind = "table" if f"{schema}.{name}" == table else "view"
                connection.execute(f"create {kind} changeable.{schema}.{name} as from {database}.{schema}.{name}")
            connection.execute("use changeable")
            yield connection
        finally:
            connection.execute(f"use {database}")
            connection.execute("detach changeable")


def test_the_marts_of_deleted_datasets_may_be_empty(built: Home, wanted: dict[str, str]) -> None:
    named = [table for table in wanted if table in DATASET_TABLES]
    with opened(built.current.resolve()) as connection:
        counts = row_counts(connection) | dict.fromkeys(named, 0)
    with changeable(built.current.resolve(), "raw.dataset_changes") as connection:
        connection.execute("insert into raw.dataset_changes select 1, 1, 'delete', ?, null", [FUNDS])
        # The other dataset has no rows, but a version and findings.
        left = ["marts.dim_dataset_versions", "reports.dataset_anomalies"]
        assert empty_tables(connection, counts, wanted) == left
        connection.execute("insert into raw.dataset_changes select 1, 2, 'delete', ?, null", [FIRST_PART])
        assert empty_tables(connection, counts, wanted) == []


def test_marts_built_without_rows_are_refused_and_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dbt's own switch builds all tables without their rows, and every test of dbt passes."""
    home = enter_home(tmp_path / "home", monkeypatch)
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,10,100\n"})
    home.load(checked=False)
    before = home.current.readlink()
    home.drop({"impressions_1.csv": "banner_id,campaign_id\n10,100\n"})
    warehouse = Warehouse.of(read_settings())
    ingest(warehouse, Selection(tuple(all_feeds()), scans=False), "test")
    invoke = dbt.invoke
    with monkeypatch.context() as patch:
        patch.setattr(dbt, "invoke", lambda settings, file, words: invoke(settings, file, [*words, "--empty"]))
        with pytest.raises(EmptyTablesError, match=r"no rows in marts\.fct_banner_performance, "):
            build_and_publish(warehouse, "test", full=True)
        assert home.current.readlink() == before
        assert [path.name for path in home.current.parent.glob("vsf-*")] == [before.name]
    with built_directly():
        report = build_and_publish(warehouse, "test", only_if_pending=True)
    assert report.problems == []
    assert home.current.readlink() != before
    assert home.ask("select clicks, impressions from marts.fct_banner_performance") == [(1, 1)]
