"""`vsf backup`, and the backup and restore of docs/operating.md, as its code blocks show them.

Here: what a backup holds, and that a home that was restored from one goes on. Not here: hard links and SQLite files
(unit/test_tree_copy.py).
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from vsf_assets.backup.backup_home import backups_in
from vsf_assets.config.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.docs.pages import blocks, text_of

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n1,2,3\n"
STATUS = ("status", "--format", "csv")


def commands(first: str) -> str:
    """Return the one code block of the page's section about backups that has a line with these words."""
    section = text_of("docs/operating.md").split("\n## Backup and restore\n")[1].split("\n## ")[0]
    (block,) = [block for block in blocks(section, "bash") if first in block]
    return block


class Machine:
    """The places of the page below a folder of the test; sudo and systemctl do nothing of their own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.places = {"/etc/vsf": folder / "etc", "/var/lib/vsf": home, "/var/backups/vsf": folder / "backups"}
        self.programs = folder / "bin"
        for path in (folder / "etc", self.programs):
            path.mkdir(exist_ok=True)
        self._program("sudo", 'while [[ $1 == -* ]]; do shift; done; exec "$@"')
        self._program("chown", "exit 0")
        self._program("systemctl", "exit 0")
        self._program("vsf", f'exec {sys.executable} -m vsf_assets.cli.main "$@"')

    def _program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (self.programs / name).chmod(0o755)

    def start(self, block: str) -> "subprocess.Popen[str]":
        for place, path in self.places.items():
            block = re.sub(rf"{place}\b", str(path), block)
        environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        environment["VSF_HOME"] = str(self.places["/var/lib/vsf"])
        words = ["bash", "-euo", "pipefail", "-c", block]
        return subprocess.Popen(
            words,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.mark.slow
def test_a_home_that_is_restored_as_the_page_says_goes_on_as_before(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    home.load(checked=False)
    home.drop({"clicks_2.csv": CLICKS})
    machine = Machine(tmp_path, home.path)
    # A run holds the warehouse when the backup begins, and loads the second file before it ends.
    with Warehouse.of(read_settings()).lock("a run"):
        backing_up = machine.start(commands("vsf backup"))
        assert backing_up.stdout is not None
        assert "waiting for the warehouse" in backing_up.stdout.readline()
        home.drop({"clicks_3.csv": CLICKS})
    said, _ = backing_up.communicate()
    assert backing_up.returncode == 0, said
    (backup,) = backups_in(tmp_path / "backups")
    before, listed = home.tables(), home.vsf(*STATUS).output
    assert listed.count("pending") == 2

    shutil.rmtree(home.path)
    home.path.mkdir()
    restoring = machine.start(commands("cp -a").replace("vsf run", "vsf query 'from reports.files'"))
    said, _ = restoring.communicate()
    assert restoring.returncode == 0, said
    assert home.tables() == before
    assert home.vsf(*STATUS).output == listed
    home.load(checked=False)
    assert home.ask("select count(*) from raw.clicks") == [(6,)]  # two lines in each file
    assert (backup / "home" / "landing" / "clicks_2.csv").exists()


def test_the_restore_of_the_page_ends_with_a_run() -> None:
    assert "vsf run\nsudo systemctl start vsf\n" in commands("cp -a")


def test_what_is_in_a_backup(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "elsewhere"
    monkeypatch.setenv("VSF_ARCHIVE", str(archive))
    home.drop({"clicks_1.csv": CLICKS})
    home.load(checked=False)
    home.load(checked=False)
    for name in ("scratch/x", "cache/y", "snapshots/vsf-0.duckdb", "warehouse/rebuild/warehouse.duckdb", "mine.txt"):
        (home.path / name).parent.mkdir(parents=True, exist_ok=True)
        (home.path / name).write_text("x")
    (original,) = archive.rglob("*clicks_1.csv")

    with (home.path / "landing" / "clicks_4.csv").open("w") as writing:
        writing.write("click_id")
        writing.flush()
        done = home.vsf("backup", str(tmp_path / "backups"))
    assert done.exit_code == 0, done.errors
    assert "clicks_4.csv is not in it: a process has it open for writing" in done.output
    (backup,) = backups_in(tmp_path / "backups")
    assert done.output.startswith(f"{backup}: ")
    kept = backup / "home"
    copied = kept / "archive" / original.relative_to(archive)
    assert copied.stat().st_mtime_ns == original.stat().st_mtime_ns
    assert (kept / "snapshots" / "current.duckdb").resolve().is_file()
    assert [path.name for path in sorted((kept / "snapshots").iterdir())] == [
        "current.duckdb",
        home.current.readlink().name,
    ]
    assert not {"scratch", "cache", "service"} & {path.name for path in kept.iterdir()}
    assert not (kept / "warehouse" / "rebuild").exists()
    assert (kept / "mine.txt").read_text() == "x"
    with closing(sqlite3.connect(kept / "dagster" / "runs.db")) as records:
        assert records.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_second_backup_shares_what_did_not_change_and_old_ones_go(home: Home, tmp_path: Path) -> None:
    folder, original = tmp_path / "backups", home.path / "archive" / "clicks" / "1" / "a.csv"
    original.parent.mkdir(parents=True)
    original.write_text(CLICKS)
    (folder / "mine").mkdir(parents=True)
    for _ in range(3):
        done = home.vsf("backup", str(folder), "--keep", "2")
        assert done.exit_code == 0, done.errors
    first, second = backups_in(folder)
    file = original.relative_to(home.path)
    assert (first / "home" / file).samefile(second / "home" / file)
    assert {path.name for path in folder.iterdir()} == {"mine", ".lock", first.name, second.name}

    original.unlink()  # a delivery that was taken back must not come back with a restore
    assert home.vsf("backup", str(folder)).exit_code == 0
    assert not (backups_in(folder)[-1] / "home" / file).exists()
    assert (second / "home" / file).exists()


def test_a_folder_in_the_home_or_around_it_is_refused(home: Home, tmp_path: Path) -> None:
    for folder in (home.path / "backups", home.landing, tmp_path):
        done = home.vsf("backup", str(folder))
        assert done.exit_code == 2
        assert "the folder of backups" in done.errors
    assert not (home.path / "backups").exists()


def test_no_home_is_made_by_a_backup(home: Home, tmp_path: Path) -> None:
    shutil.rmtree(home.path)
    done = home.vsf("backup", str(tmp_path / "backups"))
    assert done.exit_code == 1
    assert "there is no home in" in done.errors
    assert not home.path.exists()
