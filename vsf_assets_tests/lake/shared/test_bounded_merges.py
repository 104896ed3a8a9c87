"""Upkeep of a shared lake merges in commits that take few files each, so that deliveries wait for no more than one.

Here: how many files each commit takes, and what the table holds afterwards. Not here: what else upkeep does
(test_upkeep.py).
"""

from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.warehouse.forms import shared_merge_choice, shared_upkeep
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_merge import MergeProcess
from vsf_assets.warehouse.forms.shared_merge_choice import MergeChoice
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.lake.shared.test_upkeep import control, upkeep
from vsf_assets_tests.warehouses import Home

MOST = 4


@pytest.fixture
def lake(tmp_path: Path, catalog: str) -> Home:
    """A home with a prepared lake in a folder."""
    let_this_process_remove()
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.warehouse.prepare(lambda _: None)
    return home


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, MergeChoice, int]]:
    """Note table, choice and number of files of each commit that merges."""
    merge, found = MergeProcess.merge, []

    def noted(self: MergeProcess, schema: str, table: str, folder: str, shown: str, choice: MergeChoice) -> int:
        files = merge(self, schema, table, folder, shown, choice)
        found.append((table, choice, files))
        return files

    monkeypatch.setattr(MergeProcess, "merge", noted)
    return found


def write_files(home: Home, count: int, rows: int = 1, more: int = 50) -> None:
    """Add data files to raw.clicks, of different sizes unless there are no `more` rows in some of them."""
    with home.warehouse.lock("test"), home.warehouse.connect() as connection:
        for number in range(count):
            first = 1000 * number
            sql = "insert into raw.clicks by name select ? + range as click_id from range(?)"
            connection.execute(sql, [first, rows + more * (number % 3)])


def data_files(home: Home) -> int:
    with control(home) as connection:
        found = connection.execute(
            "select count(*) from vsf_g1.ducklake_data_file as files inner join vsf_g1.ducklake_table using (table_id)"
            " where table_name = 'clicks' and files.end_snapshot is null"
        ).fetchall()
    return int(found[0][0])


def shares_of_deleted_rows(home: Home) -> list[float]:
    """Return the share of each data file that has deleted rows."""
    with control(home) as connection:
        found = connection.execute(
            "select deleted.delete_count::float8 / record_count from vsf_g1.ducklake_delete_file as deleted"
            " inner join vsf_g1.ducklake_data_file as files using (data_file_id)"
            " where deleted.end_snapshot is null and files.end_snapshot is null"
        ).fetchall()
    return [float(share) for (share,) in found]


def takes_of_the_commit_lock(home: Home) -> int:
    with control(home) as connection:
        return int(connection.execute("select epoch from vsf.locks where name = 'commit'").fetchall()[0][0])


@pytest.mark.lake
def test_a_commit_merges_few_files_and_all_of_them_together_leave_one(
    lake: Home, commits: list[tuple[str, MergeChoice, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_merge_choice, "MOST_FILES", MOST)
    write_files(lake, 14)
    ids, before = lake.click_ids(), takes_of_the_commit_lock(lake)
    assert data_files(lake) == 14
    upkeep(lake)
    files = [number for table, _, number in commits if table == "clicks"]
    assert max(files) <= MOST
    assert min(files) >= 2
    assert sum(files) - len(files) == 13, "each commit leaves one file of those that it took"
    assert takes_of_the_commit_lock(lake) - before >= len(commits), "the lock is free between two commits"
    assert (data_files(lake), lake.click_ids()) == (1, ids)


@pytest.mark.lake
def test_files_are_merged_until_they_have_a_size_together(
    lake: Home, commits: list[tuple[str, MergeChoice, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(lake, 3)
    with control(lake) as connection:
        sizes = connection.execute(
            "select file_size_bytes from vsf_g1.ducklake_data_file inner join vsf_g1.ducklake_table using (table_id)"
            " where table_name = 'clicks'"
        ).fetchall()
    monkeypatch.setattr(shared_merge_choice, "MOST_BYTES", sum(size for (size,) in sizes) - 1)
    upkeep(lake)
    assert next(number for table, _, number in commits if table == "clicks") == 2


@pytest.mark.lake
def test_files_with_deleted_rows_are_written_anew_few_at_a_time(
    lake: Home, commits: list[tuple[str, MergeChoice, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_merge_choice, "MOST_FILES", 1)
    write_files(lake, 3, rows=20)
    with lake.warehouse.lock("test"), lake.warehouse.connect() as connection:
        connection.execute("delete from raw.clicks where click_id % 1000 < 10")
        connection.execute("delete from raw.clicks where click_id = 2015")
    ids = lake.click_ids()
    upkeep(lake)
    rewritten = [number for table, choice, number in commits if table == "clicks" and choice.files]
    assert rewritten == [1, 1], "the third one has less than a tenth of its rows deleted"
    assert [share for share in shares_of_deleted_rows(lake) if share >= 0.1] == []
    assert lake.click_ids() == ids


@pytest.mark.lake
def test_files_with_an_equal_share_of_deleted_rows_are_written_anew_few_at_a_time(
    lake: Home, commits: list[tuple[str, MergeChoice, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_merge_choice, "MOST_FILES", 2)
    write_files(lake, 5, rows=20, more=0)
    with lake.warehouse.lock("test"), lake.warehouse.connect() as connection:
        connection.execute("delete from raw.clicks where click_id % 1000 < 5")
    assert shares_of_deleted_rows(lake) == [0.25] * 5
    upkeep(lake)
    rewritten = [(number, choice.rows) for table, choice, number in commits if table == "clicks" and choice.files]
    assert rewritten == [(2, 30), (2, 30), (1, 15)]
    assert shares_of_deleted_rows(lake) == []
    assert lake.click_ids() == [1000 * file + row for file in range(5) for row in range(5, 20)]


@pytest.mark.lake
def test_files_that_hold_other_rows_than_the_catalog_counts_stay_as_they_are(
    lake: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(lake, 1, rows=20)
    with lake.warehouse.lock("test"), lake.warehouse.connect() as connection:
        connection.execute("delete from raw.clicks where click_id < 5")
    chosen = shared_merge_choice.next_rewrite

    def miscounted(*arguments: object) -> MergeChoice | None:
        choice = chosen(*arguments)  # type: ignore[arg-type]
        return choice and replace(choice, rows=choice.rows + 1)

    monkeypatch.setattr(shared_upkeep, "next_rewrite", miscounted)
    (problem,) = upkeep(lake).problems
    assert "should have 16 rows left, and 15 were read and 15 deleted; nothing was changed" in problem
    assert (data_files(lake), shares_of_deleted_rows(lake)) == (1, [0.25])
    assert lake.click_ids() == list(range(5, 20))


@pytest.mark.lake
def test_with_a_larger_bound_a_commit_takes_all_files(lake: Home, commits: list[tuple[str, MergeChoice, int]]) -> None:
    write_files(lake, 2 * MOST)
    upkeep(lake)
    assert [number for table, _, number in commits if table == "clicks"] == [2 * MOST]
