"""A lake on this machine: what it holds is what the file form holds; nothing unflushed, nothing half after a kill.

Here: the form itself, by the engine and dbt's compiled SQL. Not here: the suites under this form (VSF_TEST_FORM).
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from vsf_assets.banners.loading import SnapshotUnreadableError, read_scores
from vsf_assets.common.errors import SettingsError, VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.snapshots.connect import connect_current, connect_snapshot
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.snapshots.pool import SnapshotPool
from vsf_assets.snapshots.query_turns import QueryLimits
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms import lake_index
from vsf_assets.warehouse.forms.local_lake import LocalLake
from vsf_assets_tests.builds import build_pending, built_directly
from vsf_assets_tests.warehouses import Home, clicks, conversions, publish_click

OF_THE_RUN = {"loaded_at", "run_id", "first_snapshot", "published_at", "ingestion_time"}
"""Columns that tell of the run and not of the data."""


@pytest.fixture
def lake(tmp_path: Path) -> Home:
    """A home whose warehouse is a lake."""
    return Home(tmp_path / "home", LAKE=str(tmp_path / "home" / "lake"))


@pytest.fixture
def file_form(tmp_path: Path) -> Home:
    """A home whose warehouse is one file."""
    return Home(tmp_path / "other", LAKE="")


def data_of(home: Home) -> Path:
    """Return the folder of the data files of a home's lake."""
    return LocalLake.of(home.settings).data


def tables(home: Home) -> dict[str, list[str]]:
    """Return every table of raw, marts and reports of the current snapshot as sorted rows, without OF_THE_RUN."""
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        listed = connection.execute(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_catalog = current_database()"
            " and table_schema in ('raw', 'marts', 'reports') group by 1 order by 1"
        ).fetchall()
        found = {}
        for name, columns in listed:
            if name not in ("raw.builds", "raw.published_files"):
                kept = ", ".join(f'"{column}"' for column in columns if column not in OF_THE_RUN)
                found[name] = sorted(map(repr, connection.execute(f"select {kept} from {name}").fetchall()))
        return found


@pytest.mark.lake
def test_each_state_of_a_home_equals_that_of_the_file_form(lake: Home, file_form: Home) -> None:
    def first(home: Home) -> None:
        home.land("clicks_1.csv", clicks(1, 2), 1)
        home.land("impressions_1.csv", b"impression_id,banner_id,campaign_id\n1,10,7\n2,20,7\nx,1,1\n", 2)
        home.land("conversions_1.csv", conversions(1), 3)
        home.ingest()

    def second(home: Home) -> None:
        home.land("clicks_2.csv", clicks(3), 10)
        home.ingest()

    def forced(home: Home) -> None:
        home.ingest(reload="all")

    def late_twin(home: Home) -> None:
        home.land("clicks_1.csv", clicks(3), 0)  # landed before the file with the same content
        home.ingest()

    steps: list[Callable[[Home], None]] = [first, second, forced, late_twin]
    for step in steps:
        for home in (lake, file_form):
            step(home)
            build_pending(home.warehouse, checked=False, full=step in (first, forced))
        found = tables(lake)
        assert len(found) > 50
        assert found == tables(file_form), step.__name__
        assert found["raw.clicks"]
    with built_directly(checked=False):
        assert rebuild(lake.warehouse, "test").problems == []
    assert tables(lake) == tables(file_form)
    assert lake_index.generation_of(lake.warehouse.file) == "g2"


@pytest.mark.lake
def test_no_committed_catalog_names_a_file_that_was_not_flushed(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: set[str] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        flushed.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", noted)
    before: set[Path] = set()
    for number in (1, 2):
        lake.land(f"clicks_{number}.csv", clicks(number), number)
        lake.ingest()
        build_pending(lake.warehouse, checked=False)
        named = set(lake_index.files_since(lake.warehouse.file, data_of(lake), lake_index.Head()))
        assert all(path.is_file() for path in named)
        new = named - before
        assert new
        unflushed = {str(path) for path in new} - flushed
        # What the template of the tests brought was flushed by whoever made it.
        assert not {path for path in unflushed if Path(path).stat().st_nlink == 1}
        assert str(data_of(lake) / "raw" / "clicks") in flushed
        before = named
    assert str(lake.warehouse.file.parent) in flushed


def test_without_flushing_the_test_before_would_notice(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_index, "files_since", lambda *_: [])
    flushed: set[str] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        flushed.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", noted)
    lake.land("clicks_1.csv", clicks(1), 1)
    lake.ingest()
    monkeypatch.undo()
    named = lake_index.files_since(lake.warehouse.file, data_of(lake), lake_index.Head())
    assert [path for path in named if "clicks" in str(path) and str(path) not in flushed]


def test_a_process_that_is_killed_in_its_block_leaves_the_state_before(lake: Home) -> None:
    lake.land("clicks_1.csv", clicks(1), 1)
    lake.ingest()
    child = os.fork()
    if child == 0:
        with lake.warehouse.write("test") as connection:
            connection.execute("delete from raw.clicks")
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert lake.click_ids() == [1]
    lake.land("clicks_2.csv", clicks(2), 2)
    lake.ingest()
    assert lake.click_ids() == [1, 2]
    assert not list(lake.warehouse.file.parent.glob("*.writing*"))


def test_an_error_keeps_the_transactions_that_were_finished(lake: Home) -> None:
    def fail() -> None:
        with lake.warehouse.write("test") as connection:
            connection.execute("insert into raw.clicks by name select 1 as click_id")
            connection.execute("begin transaction")
            connection.execute("insert into raw.clicks by name select 2 as click_id")
            raise VsfError("stop")

    with pytest.raises(VsfError, match="stop"):
        fail()
    assert lake.click_ids() == [1]


def test_a_block_without_changes_leaves_the_catalog_as_it_is(lake: Home) -> None:
    lake.ingest()
    state = lake.warehouse.form.state_on_disk()
    with lake.warehouse.connect_with_tables() as connection:
        connection.execute("select count(*) from raw.files").fetchall()
    assert lake.warehouse.form.state_on_disk() == state


def test_a_published_catalog_is_small_and_reads_on_after_more_commits_and_a_move(lake: Home, tmp_path: Path) -> None:
    first = publish_click(lake, 1)
    publish_click(lake, 2)
    assert isinstance(first, Path)
    with connect_snapshot(first) as connection:
        assert connection.execute("select click_id from raw.clicks").fetchall() == [(1,)]
    moved = tmp_path / "moved"
    shutil.move(lake.root, moved)
    there = Home(moved, LAKE=str(moved / "lake"))
    for settings in (
        there.settings,
        Home(moved, LAKE="").settings,
    ):  # by the setting, and by the path from the snapshot
        snapshot = current_snapshot(settings)
        assert snapshot is not None
        with connect_snapshot(snapshot, settings.lake) as connection:
            assert connection.execute("select click_id from raw.clicks order by 1").fetchall() == [(1,), (2,)]
    publish_click(there, 3)
    assert there.click_ids() == [1, 2, 3]


def test_a_home_that_leaves_the_lake_still_knows_its_ledger(lake: Home) -> None:
    lake.land("clicks_1.csv", clicks(1), 1)
    lake.ingest()
    left = Warehouse.of(Home(lake.root, LAKE="").settings)
    earlier = left.earlier()
    assert earlier is not None
    with earlier.connect() as connection:
        assert connection.execute("select file_name from raw.files").fetchall() == [("clicks_1.csv",)]
    for path in lake.archive.rglob("*.csv"):
        path.unlink()
    with pytest.raises(VsfError, match="1 originals that the warehouse knows are not in the archive"):
        rebuild(left, "test")


def test_a_snapshot_without_its_data_files_says_so(lake: Home) -> None:
    snapshot = publish_click(lake, 1)
    Path(lake.settings.lake).rename(lake.root / "away")
    with pytest.raises(VsfError, match=r"vsf-1.duckdb needs the data files of its lake"):
        connect_snapshot(snapshot)


def test_a_home_with_the_other_form_is_refused_until_it_is_moved(file_form: Home) -> None:
    file_form.ingest()
    moved = Warehouse.of(Home(file_form.root, LAKE=str(file_form.root / "lake")).settings)
    with pytest.raises(VsfError, match="vsf rebuild"), moved.write("test"):
        pass
    with pytest.raises(VsfError, match="vsf rebuild"), moved.read_at_once():
        pass


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"VSF_LAKE": "s3://bucket/lake"}, "needs VSF_CATALOG"),
        ({"VSF_CATALOG": "host=pg"}, "VSF_LAKE is not"),
        ({"VSF_CATALOG": "host=pg password = secret", "VSF_LAKE": "/data/lake"}, "PGPASSWORD"),
        ({"VSF_CATALOG": "postgresql://vsf:secret@pg/vsf", "VSF_LAKE": "/data/lake"}, "PGPASSWORD"),
        ({"VSF_CATALOG": "host=pg", "VSF_LAKE": "gs://bucket/lake"}, "neither a folder nor an address"),
        ({"VSF_LAKE": "/data/lake", "VSF_SNAPSHOTS": "s3://bucket/snapshots"}, "does not fit VSF_LAKE"),
        ({"VSF_INGEST_RUNS": "2"}, "VSF_INGEST_RUNS=2 needs VSF_CATALOG"),
        ({"VSF_INGEST_RUNS": "2", "VSF_LAKE": "/data/lake"}, "VSF_INGEST_RUNS=2 needs VSF_CATALOG"),
        ({"VSF_INGEST_RUNS": "65", "VSF_CATALOG": "host=pg", "VSF_LAKE": "/data/lake"}, "more than 64"),
        ({"VSF_BROKER": "redis://:secret@redis:6379/0"}, "VSF_BROKER needs VSF_CATALOG"),
        ({"VSF_BROKER": "secret@redis", "VSF_CATALOG": "host=pg", "VSF_LAKE": "/data/lake"}, "not the address of"),
        ({"VSF_INGEST_RUNS": "0"}, "not a whole number from 1 on"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, given: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as error:
        read_settings({"VSF_HOME": str(tmp_path), **given})
    assert "secret" not in str(error.value)


def test_the_folder_of_the_lake_moves_alone(lake: Home, tmp_path: Path) -> None:
    publish_click(lake, 1)
    other = tmp_path / "elsewhere"
    shutil.move(lake.settings.lake, other)
    with pytest.raises(VsfError, match=r"does not hold g1.*VSF_LAKE"), lake.warehouse.write("test"):
        pass
    there = Home(lake.root, LAKE=str(other))
    publish_click(there, 2)  # reads the copy while it checks it
    opened = connect_current(there.settings)
    assert opened is not None
    with opened[1] as connection:
        assert connection.execute("select click_id from raw.clicks order by 1").fetchall() == [(1,), (2,)]
    with pytest.raises(SnapshotUnreadableError, match="has no table of scores"):
        read_scores(opened[0], str(other))
    shutil.move(other, tmp_path / "lost")
    with pytest.raises(SnapshotUnreadableError, match="needs the data files"):
        read_scores(opened[0], str(other))


def test_a_rebuild_after_the_data_files_were_lost_takes_no_number_again(lake: Home) -> None:
    publish_click(lake, 1)
    shutil.rmtree(lake.settings.lake)
    assert LocalLake.of(lake.settings).beside().new_generation == 2


def test_pages_read_a_lake_and_reach_no_file_besides_it(lake: Home, tmp_path: Path) -> None:
    limits = QueryLimits(5.0, 256 * 2**20, tmp_path / "portal" / "exports")
    publish_click(lake, 1)
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    pool = SnapshotPool(lake.settings, limits)
    try:
        with pool.current() as snapshot:
            assert snapshot.query("select click_id from raw.clicks").rows == [(1,)]
            assert snapshot.query("select click_id from raw.clicks where click_id = $n", {"n": 1}).rows == [(1,)]
            target = limits.folder / "page.csv"
            snapshot.query(f"copy (select click_id from raw.clicks) to '{target}'", is_export=True)
            assert target.read_text() == "click_id\n1\n"
            for sql in (f"from read_csv('{outside}')", f"attach '{outside}' as other", "install ducklake"):
                with pytest.raises(duckdb.Error):
                    snapshot.query(sql)
        publish_click(lake, 2)
        with pool.current() as snapshot:
            assert (snapshot.number, snapshot.query("select count(*) from raw.clicks").rows) == (2, [(2,)])
        with pool.numbered(1) as snapshot:
            assert snapshot.query("select click_id from raw.clicks").rows == [(1,)]
    finally:
        pool.close()


def test_data_files_have_row_groups_that_fit_the_memory_of_several_threads(lake: Home) -> None:
    """Each thread holds one; 120,000 wide rows are DuckDB's default."""
    lake.land("clicks_1.csv", clicks(*range(100_000)))
    lake.ingest()
    groups = duckdb.execute(
        "select row_group_num_rows, compression from parquet_metadata(?) where path_in_schema = 'click_id'",
        [f"{data_of(lake)}/raw/clicks/*.parquet"],
    ).fetchall()
    assert sum(rows for rows, _ in groups) == 100_000
    assert max(rows for rows, _ in groups) <= 40_960
    assert {compression for _, compression in groups} == {"ZSTD"}
