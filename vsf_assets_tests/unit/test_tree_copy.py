"""Copying a folder for a backup: what changed, what vanished, what other processes write.

Not here: which folders are in a backup (cli/test_backup.py).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vsf_assets.backup.tree_copy import TreeCopy


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.csv").write_text("one")
    os.utime(folder / "sub" / "a.csv", ns=(1, 1_234_567_890_123_456_789))
    return folder


def copied(source: Path, target: Path, earlier: Path, **options: bool) -> TreeCopy:
    copy = TreeCopy(**options)
    copy.folder(source, target, earlier)
    return copy


def test_times_permissions_and_links_are_kept_and_pipes_are_not(source: Path, tmp_path: Path) -> None:
    (source / "sub" / "a.csv").chmod(0o440)
    (source / "sub").chmod(0o550)
    (source / "link").symlink_to("sub/a.csv")
    os.mkfifo(source / "pipe")
    target = tmp_path / "target"
    assert copied(source, target, tmp_path / "none").copied == 3
    found = (target / "sub" / "a.csv").stat()
    assert (found.st_mtime_ns, found.st_mode & 0o777) == (1_234_567_890_123_456_789, 0o440)
    assert (target / "sub").stat().st_mode & 0o777 == 0o750
    assert (target / "link").readlink() == Path("sub/a.csv")
    assert not (target / "pipe").exists()


def test_a_changed_file_leaves_the_earlier_copy_as_it_was(source: Path, tmp_path: Path) -> None:
    earlier, target = tmp_path / "earlier", tmp_path / "target"
    copied(source, earlier, tmp_path / "none")
    assert copied(source, target, earlier).copied == 0
    assert (target / "sub" / "a.csv").samefile(earlier / "sub" / "a.csv")
    (source / "sub" / "a.csv").write_text("another")
    assert copied(source, target, earlier).copied == 7  # again over the copy that shares the file
    assert (earlier / "sub" / "a.csv").read_text() == "one"
    assert (target / "sub" / "a.csv").read_text() == "another"


def test_what_vanished_goes_and_kinds_may_change(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (source / "gone").mkdir()
    (source / "gone" / "b").touch()
    (source / "kind").mkdir()
    copied(source, target, tmp_path / "none")
    (source / "gone" / "b").unlink()
    (source / "gone").rmdir()
    (source / "kind").rmdir()
    (source / "kind").write_text("a file now")
    copied(source, target, tmp_path / "none")
    assert {path.name for path in target.iterdir()} == {"sub", "kind"}
    assert (target / "kind").read_text() == "a file now"


def test_a_database_that_is_being_written_is_copied_whole(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with closing(sqlite3.connect(source / "runs.db")) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table runs (id)")
        writer.execute("insert into runs values (1)")
        writer.commit()
        writer.execute("insert into runs values (2)")  # not committed; both rows are in the log file only
        copied(source, target, tmp_path / "none", has_databases=True)
        writer.rollback()
    assert {path.name for path in target.iterdir()} == {"sub", "runs.db"}
    with closing(sqlite3.connect(target / "runs.db")) as copy:
        assert copy.execute("select id from runs").fetchall() == [(1,)]


def test_a_delivered_database_is_copied_byte_by_byte(source: Path, tmp_path: Path) -> None:
    content = b"SQLite format 3\0 but damaged"
    (source / "x.db").write_bytes(content)
    assert copied(source, tmp_path / "target", tmp_path / "none").problems == []
    assert (tmp_path / "target" / "x.db").read_bytes() == content
    (problem,) = copied(source, tmp_path / "other", tmp_path / "none", has_databases=True).problems
    assert problem.startswith(f"{source / 'x.db'}: ")
    assert not (tmp_path / "other" / "x.db").exists()
