"""Fetched files that are read while the one before is committed: whatever fails, nothing is lost, doubled or invented.

Not here: the thread of the commits by itself (engine/test_committing.py), and kill -9 (test_crashes.py).
"""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.archive import archive_file as archive
from vsf_assets.common.errors import VsfError
from vsf_assets.ingest import loader as batches
from vsf_assets.pipeline import ingest_catalog as fetched
from vsf_assets.warehouse.async_commits import Commits
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.catalog.homes import home_of, load, records, songs
from vsf_assets_tests.warehouses import Home

COUNT = 6
EVERYONE = sorted(f"{letter}{number}" for letter in "ab" for number in range(COUNT))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    source = tmp_path / "source"
    source.mkdir()
    names = [f"{number}.data" for number in range(COUNT)]
    for number, name in enumerate(names):
        (source / name).write_bytes(records(f"a{number}", f"b{number}"))
    (source / "files_list.data").write_text("".join(f"{name}\n" for name in names))
    return home_of(tmp_path / "home", str(source))


def inbox(home: Home) -> list[str]:
    return sorted(path.name for path in (home.root / "fetched").rglob("*.data") if path.is_file())


def archived(home: Home) -> list[str]:
    return sorted(path.name for path in (home.root / "archive").rglob("*.data"))


def assert_the_next_run_completes_it(home: Home) -> None:
    assert load(home).failed == []
    assert songs(home) == EVERYONE
    assert len(home.query("select 1 from raw.files where feed = 'catalog'")) == COUNT
    assert inbox(home) == []
    home.assert_originals_are_kept()


def failing(number: int, is_done: bool) -> Any:
    """Return what starts commits of which one fails, before or after it is done."""
    start, count = Commits.start, iter(range(1, 100))

    def start_one(commits: Commits) -> None:
        if next(count) != number:
            start(commits)
            return

        def fail() -> None:
            if is_done:
                commits._connection.commit()
            else:
                commits._connection.rollback()
            raise duckdb.FatalException("the disk is gone")

        commits._running = commits._pool.submit(fail)

    return start_one


@pytest.mark.parametrize("is_done", [False, True])
def test_a_file_whose_commit_fails_is_not_reported_and_not_filed(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Commits, "start", failing(5, is_done))
        with pytest.raises(duckdb.FatalException, match="the disk is gone"):
            load(home)
    assert len(songs(home)) == (10 if is_done else 8)
    assert len(inbox(home)) >= COUNT
    assert archived(home) == []
    assert_the_next_run_completes_it(home)


def test_ctrl_c_while_the_next_file_is_read_keeps_what_was_committed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, count = batches.read_one_file, iter(range(1, 100))

    def interrupted(*given: Any) -> Any:
        if next(count) == 5:
            raise KeyboardInterrupt
        return read(*given)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "read_one_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load(home)
    assert songs(home) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]
    assert_the_next_run_completes_it(home)


def test_others_may_write_between_two_files(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LONGEST_HOLD", -1.0)
    purposes: list[str] = []
    lock = Warehouse.lock

    def noted(warehouse: Warehouse, purpose: str) -> Any:
        purposes.append(purpose)
        return lock(warehouse, purpose)

    monkeypatch.setattr(Warehouse, "lock", noted)
    assert load(home).failed == []
    assert len([purpose for purpose in purposes if purpose.startswith("ingest of")]) == COUNT + 2
    assert songs(home) == EVERYONE


def test_a_file_too_large_for_it_is_read_first(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "QUICK_BYTES", 10)
    monkeypatch.setattr(Commits, "start", failing(1, is_done=False))
    assert load(home).failed == []
    assert songs(home) == EVERYONE


def test_a_fetched_file_is_hashed_again_only_by_a_later_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    sha256_of = archive.sha256_of

    def noted(store: Any, path: str, etag: str = "") -> str:
        hashed.append(path)
        return sha256_of(store, path, etag)

    monkeypatch.setattr(archive, "sha256_of", noted)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "file_originals", lambda *_, **__: [])
        load(home)
    assert hashed == []
    assert len(inbox(home)) >= COUNT
    assert load(home).failed == []
    assert len(hashed) >= COUNT
    assert_the_next_run_completes_it(home)


def test_a_warehouse_that_is_lost_during_a_fetch_is_not_replaced_by_an_empty_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(home)
    fetch = fetched.fetch_from_source
    (home.root.parent / "source" / "0.data").write_bytes(records("newer"))

    def fetch_and_lose(*given: Any) -> Any:
        done = fetch(*given)
        home.warehouse.file.unlink()
        return done

    monkeypatch.setattr(fetched, "fetch_from_source", fetch_and_lose)
    with pytest.raises(VsfError, match="vsf rebuild"):
        load(home)
