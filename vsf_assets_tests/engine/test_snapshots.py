"""Snapshots: checked copies under new names, one pointer, readers undisturbed.

Here: publish on a warehouse of raw tables. Not here: blocking checks before it (cli/, dbt/).
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import duckdb
import pytest

from vsf_assets.cli.status_summary import copies_line
from vsf_assets.common.errors import VsfError
from vsf_assets.publish import publish as publishing
from vsf_assets.publish.old_snapshots import prune
from vsf_assets.publish.publish import newest_number, publish, row_counts
from vsf_assets.snapshots.connect import connect_current, connect_snapshot
from vsf_assets.snapshots.current import current_snapshot, shares_blocks, snapshot_number
from vsf_assets.warehouse.forms.form import Form
from vsf_assets_tests.engines import VIEWS_NAME_THEIR_DATABASE
from vsf_assets_tests.forms import opened
from vsf_assets_tests.warehouses import Home, publish_click


def ids_in(path: Path) -> list[int]:
    with opened(path) as connection:
        return [row[0] for row in connection.execute("select click_id from raw.clicks order by 1").fetchall()]


def test_sql_on_a_snapshot_loads_no_file_that_is_not_signed(home: Home) -> None:
    with connect_snapshot(publish_click(home, 1)) as connection:
        assert connection.execute("select current_setting('allow_unsigned_extensions')").fetchall() == [(False,)]


def test_no_snapshot_yet(home: Home) -> None:
    assert current_snapshot(home.settings) is None
    assert (newest_number(home.settings), snapshot_number(None)) == (0, 0)


def test_pointer_is_a_relative_link_to_the_newest(home: Home) -> None:
    for number in (1, 2):
        assert publish_click(home, number).name == f"vsf-{number}.duckdb"
    pointer = Path(home.settings.snapshots) / "current.duckdb"
    assert pointer.is_symlink()
    assert str(pointer.readlink()) == "vsf-2.duckdb"
    assert ids_in(pointer) == [1, 2]
    assert current_snapshot(home.settings) == pointer.parent / "vsf-2.duckdb"
    assert newest_number(home.settings) == 2


def test_reader_of_the_old_snapshot_is_not_disturbed(home: Home) -> None:
    first = publish_click(home, 1)
    with opened(first) as reader:
        publish_click(home, 2)
        assert reader.execute("select click_id from raw.clicks").fetchall() == [(1,)]
    assert ids_in(first) == [1]


def test_snapshot_opens_anywhere(home: Home, tmp_path: Path) -> None:
    with home.warehouse.write("test") as connection:
        connection.execute("create schema marts")
        connection.execute("create view marts.ids as select click_id from raw.clicks")
    elsewhere = tmp_path / "copy of it.duckdb"
    shutil.copy(publish_click(home, 1), elsewhere)
    with opened(elsewhere) as connection:
        assert connection.execute("from marts.ids").fetchall() == [(1,)]


def test_snapshot_is_one_file_that_nobody_writes(home: Home) -> None:
    path = publish_click(home, 1)
    assert sorted(p.name for p in path.parent.iterdir()) == ["current.duckdb", "vsf-1.duckdb"]
    assert path.stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("is_shared", [False, True])
def test_view_that_names_the_catalog_is_not_published_where_the_copy_cannot_read_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    form = type(home.warehouse.form)
    copy_to = form.copy_to
    monkeypatch.setattr(form, "copy_to", lambda *places: copy_to(*places) or is_shared)
    publish_click(home, 1)
    with home.warehouse.write("test") as connection:
        connection.execute("create schema marts")
        connection.execute("create view marts.ids as select click_id from warehouse.raw.clicks")
    if VIEWS_NAME_THEIR_DATABASE:
        with pytest.raises(duckdb.Error):
            publish_click(home, 2)
        assert snapshot_number(current_snapshot(home.settings)) == 1
    else:
        with connect_snapshot(publish_click(home, 2)) as connection:
            assert connection.execute("from marts.ids order by 1").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("step", ["_publish_file", "_check", "_point"])
def test_failure_at_any_step_leaves_the_earlier_snapshot_current(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish_click(home, 1)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, step, fail)
        with pytest.raises(OSError, match="No space"):
            publish_click(home, 2)
    current = current_snapshot(home.settings)
    assert current is not None
    assert (current.name, ids_in(current)) == ("vsf-1.duckdb", [1])
    with home.warehouse.lock("publish"):
        publish(home.warehouse.pinned(), 2)
    assert snapshot_number(current_snapshot(home.settings)) == 2
    assert not list(Path(home.settings.snapshots).glob(".*"))


def test_copy_that_differs_is_not_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_click(home, 1)

    def stale(_: Form, target: BinaryIO, published: Path) -> bool:
        target.write(published.with_name("vsf-1.duckdb").read_bytes())
        return False

    monkeypatch.setattr(type(home.warehouse.form), "copy_to", stale)
    with pytest.raises(VsfError, match=r"raw\.\"clicks\""):
        publish_click(home, 2)
    assert snapshot_number(current_snapshot(home.settings)) == 1


@pytest.mark.parametrize("is_shared", [False, True])
def test_whether_a_snapshot_shares_blocks_is_noted(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    assert shares_blocks(home.settings) is None
    form = type(home.warehouse.form)
    copy_to = form.copy_to

    def copied(self: Form, target: BinaryIO, published: Path) -> bool:
        copy_to(self, target, published)
        return is_shared

    monkeypatch.setattr(form, "copy_to", copied)
    publish_click(home, 1)
    is_shared = is_shared or home.warehouse.form.shares_rows
    assert shares_blocks(home.settings) is is_shared
    words = "snapshots share its blocks" if is_shared else "each snapshot is a copy, since the disk has no reflinks"
    assert copies_line(home.settings) == f"; {words}"


def age(home: Home, minutes: float) -> None:
    """Let the snapshots and the pointer be as old as if they had been made so many minutes earlier."""
    for path in Path(home.settings.snapshots).iterdir():
        at = path.lstat().st_mtime - minutes * 60
        os.utime(path, (at, at), follow_symlinks=False)


def kept_numbers(home: Home) -> list[int]:
    return sorted(snapshot_number(p) for p in Path(home.settings.snapshots).glob("vsf-*.duckdb"))


@pytest.mark.parametrize(("hours", "kept"), [("0", [3, 4]), ("24", [1, 2, 3, 4])])
def test_old_snapshots_go_when_they_are_neither_new_nor_the_last_of_an_hour(
    tmp_path: Path, hours: str, kept: list[int]
) -> None:
    home = Home(tmp_path, KEEP_SNAPSHOTS="2", KEEP_SNAPSHOT_HOURS=hours)
    for number in (1, 2, 3, 4):
        publish_click(home, number)
        age(home, 60)
    assert kept_numbers(home) == kept


def test_snapshots_above_the_size_go(tmp_path: Path) -> None:
    home = Home(tmp_path, KEEP_SNAPSHOT_BYTES="1MB")
    sizes = []
    for number in (1, 2, 3, 4):
        sizes.append(publish_click(home, number).stat().st_size)
        age(home, 5)
    assert min(sum(sizes[:3]), sum(sizes[1:])) > 1_000_000
    assert kept_numbers(home) == [3, 4]


def test_pruning_later_removes_what_the_limits_no_longer_keep_and_reports_it(home: Home) -> None:
    for number in (1, 2, 3):
        publish_click(home, number)
        age(home, 5)
    few = replace(home.settings, keep_snapshots=1, keep_snapshot_hours=0.0)
    would = prune(few, dry_run=True)
    assert kept_numbers(home) == [1, 2, 3]
    assert prune(few) == would
    assert kept_numbers(home) == [3]
    assert len(would) == 2
    assert min(would) > 0


def test_snapshot_that_was_current_a_moment_ago_stays_whatever_the_settings(tmp_path: Path) -> None:
    home = Home(tmp_path, KEEP_SNAPSHOTS="1", KEEP_SNAPSHOT_HOURS="0")
    for number in (1, 2, 3):
        publish_click(home, number)
    assert kept_numbers(home) == [1, 2, 3]
    age(home, 5)
    publish_click(home, 4)
    assert kept_numbers(home) == [3, 4]


def test_reader_opens_the_next_snapshot_where_the_first_went_before_it_was_opened(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish_click(home, 1)
    publish_click(home, 2)
    scans_sources = [first, current_snapshot(home.settings)]
    first.unlink()
    monkeypatch.setattr("vsf_assets.snapshots.connect.current_snapshot", lambda _: scans_sources.pop(0))
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        assert (opened[0].name, connection.execute("select count(*) from raw.clicks").fetchall()) == (
            "vsf-2.duckdb",
            [(2,)],
        )


def test_pointer_to_a_snapshot_that_is_gone_is_no_snapshot(home: Home) -> None:
    publish_click(home, 1).unlink()
    assert connect_current(home.settings) is None


def test_reader_of_a_pruned_snapshot_reads_on(tmp_path: Path) -> None:
    home = Home(tmp_path, KEEP_SNAPSHOTS="1", KEEP_SNAPSHOT_HOURS="0")
    first = publish_click(home, 1)
    with opened(first) as reader:
        publish_click(home, 2)
        age(home, 5)
        publish_click(home, 3)
        assert not first.exists()
        assert reader.execute("select count(*) from raw.clicks").fetchall() == [(1,)]


def test_one_old_snapshot_that_cannot_be_removed_holds_no_other_back(home: Home) -> None:
    settings = home.settings
    for number in range(1, 4):
        publish_click(home, number)
    folder = Path(settings.snapshots)
    for number in (1, 2):
        os.utime(folder / f"vsf-{number}.duckdb", (0, 0))
    age(home, 5)
    said: list[str] = []
    (folder / "vsf-1.duckdb").unlink()
    (folder / "vsf-1.duckdb").symlink_to("nowhere")
    few = replace(settings, keep_snapshots=1)
    assert prune(few, said.append) == []
    assert said == [
        f"warning: no old snapshot was removed: {folder}/vsf-1.duckdb: No such file or directory; remove it by hand"
    ]
    assert (folder / "vsf-2.duckdb").exists()
    (folder / "vsf-1.duckdb").unlink()
    assert len(prune(few, said.append)) == 1
    assert sorted(p.name for p in folder.glob("vsf-*")) == ["vsf-3.duckdb"]


def test_a_count_reads_no_row_and_is_of_the_table_as_it_is(tmp_path: Path) -> None:
    """Every build counts every table; where that read the rows, builds would take longer as the tables grow."""
    file = str(tmp_path / "large.duckdb")
    with duckdb.connect(file) as connection:
        connection.execute("create table large as from range(300_000)")
    with duckdb.connect(file) as connection:
        plan = connection.execute("explain select count(*) from large").fetchall()[0][1]
        assert "SEQ_SCAN" not in plan
        assert "SEQ_SCAN" in connection.execute("explain select sum(range) from large").fetchall()[0][1]
        assert row_counts(connection) == {"main.large": 300_000}
        connection.execute("delete from large where range < 7; insert into large values (1), (2)")
        assert row_counts(connection) == {"main.large": 299_995}
        connection.execute("checkpoint")
        assert row_counts(connection) == {"main.large": 299_995}
