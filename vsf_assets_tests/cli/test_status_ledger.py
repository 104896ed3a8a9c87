"""What `vsf status` keeps of the ledger: the same as the warehouse says, for as long as nobody writes to it.

Here: when the note is used and when not. Not here: what is shown (test_status.py, test_run.py).
"""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from vsf_assets.cli import status_ledger
from vsf_assets.cli.status_ledger import NOTE, Ledger, read_ledger
from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.storage.home_cache import read_note
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.forms import name_home
from vsf_assets_tests.raw_tables import put_raw_tables

SCHEMA = "name: people\ncolumns:\n- {name: id, type: Integer, from: 1, to: 9000}\n"
REQUEST = "schema: people\nrows: 3\n"


@pytest.fixture
def loaded(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with files of three families in its warehouse, none of them published, written long ago."""
    put_raw_tables(read_settings())
    home.drop(
        {
            "clicks_1.csv": "click_id,banner_id,campaign_id\n10,1,7\nx,1,7\n",
            "people.schema.yaml": SCHEMA,
            "three.request.yaml": REQUEST,
            "catalog/files_list.data": "0001.data\n0002.data\n",
            "catalog/0001.data": '[{"type": "song", "data": {}}]',
        }
    )
    from vsf_assets.feeds import all_feeds
    from vsf_assets.landing.selection import Selection
    from vsf_assets.pipeline.ingest import ingest

    ingest(Warehouse.of(read_settings()), Selection(tuple(all_feeds()), scans=True), "test")
    clock = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: clock() + 10**10)
    return home


def unread(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Read the ledger where the warehouse cannot be opened."""
    with monkeypatch.context() as patch:
        patch.setattr(duckdb, "connect", lambda *_, **__: pytest.fail("the warehouse was opened"))
        return read_ledger(read_settings())


@pytest.mark.both_forms
def test_the_note_says_what_the_warehouse_says(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_ledger(read_settings())
    assert unread(monkeypatch) == first
    feeds = {row[0] for row in first.rows}
    assert {"clicks", "fake_schemas", "fake_requests", "catalog", "catalog_list", "catalog_looks"} <= feeds
    assert first.requests[0].name == "three"
    assert set(first.history.known) == {"0001.data", "0002.data"}
    assert ("clicks", "clicks_1.csv") in first.not_in_snapshot
    shown = loaded.vsf("status", "--format", "csv").output
    (loaded.path / "cache" / f"{NOTE}.json").unlink()
    assert loaded.vsf("status", "--format", "csv").output == shown


@pytest.mark.both_forms
def test_a_write_is_seen(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_ledger(read_settings())
    with Warehouse.of(read_settings()).write("test") as connection:
        connection.execute("update raw.files set rows_loaded = 99 where feed = 'clicks'")
    after = read_ledger(read_settings())
    assert {row[5] for row in after.rows if row[0] == "clicks"} == {99}
    assert len(after.rows) == len(before.rows)
    assert unread(monkeypatch) == after


@pytest.mark.both_forms
def test_a_warehouse_that_was_just_written_to_is_not_noted(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    name_home(loaded.path, monkeypatch)
    read_ledger(read_settings())
    assert read_note(read_settings(), NOTE) == {}


def test_a_log_beside_the_warehouse_is_read(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    read_ledger(read_settings())
    state = Warehouse.of(read_settings()).form.state_on_disk()
    # A process that is killed after its commit leaves the log, and the file as it was.
    script = (
        "import duckdb, os, sys\n"
        "c = duckdb.connect(sys.argv[1])\n"
        "c.execute('update raw.files set rows_loaded = 98')\n"
        "os._exit(0)\n"
    )
    file = Warehouse.of(read_settings()).file
    subprocess.run([sys.executable, "-c", script, str(file)], check=True)
    assert file.with_name(f"{file.name}.wal").exists()
    found = file.stat()
    assert state is not None
    assert (found.st_size, found.st_mtime_ns) == state[2:4]
    assert {row[5] for row in read_ledger(read_settings()).rows} == {98}


@pytest.mark.parametrize("what", ["contract", "snapshot", "no rights"])
@pytest.mark.both_forms
def test_another_key_is_not_the_same_ledger(loaded: Home, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    first = read_ledger(read_settings())
    if what == "contract":
        now = contract_versions(read_settings())
        other = replace(now, by_feed={**now.by_feed, "clicks": "another"})
        monkeypatch.setattr(f"{status_ledger.__name__}.contract_versions", lambda _: other)
        found = read_ledger(read_settings())
        assert [row.file_name for row in found.outdated.again] == ["clicks_1.csv"]
        # Whether its original is there is asked each time.
        (Path(read_settings().archive) / found.outdated.again[0].archive_path).unlink()
        assert [row.file_name for row in read_ledger(read_settings()).outdated.lost] == ["clicks_1.csv"]
    elif what == "snapshot":
        with Warehouse.of(read_settings()).write("test") as connection:
            ids = "insert into raw.published_files (file_id, first_snapshot) select file_id, 7 from raw.files"
            connection.execute(ids)
        assert read_ledger(read_settings()).not_in_snapshot == first.not_in_snapshot
        monkeypatch.setattr(f"{status_ledger.__name__}.snapshot_number", lambda _: 7)
        assert read_ledger(read_settings()).not_in_snapshot == []
    else:
        monkeypatch.setattr("os.access", lambda *_: False)
        assert "may not be read" in read_ledger(read_settings()).origin


@pytest.mark.both_forms
def test_while_a_run_writes_the_note_is_not_used(loaded: Home) -> None:
    assert read_ledger(read_settings()).is_complete
    with Warehouse.of(read_settings()).lock("test"):
        found = read_ledger(read_settings())
    assert not found.is_complete
    assert "the warehouse is in use" in found.origin


def test_a_noted_ledger_needs_no_heavy_library(loaded: Home) -> None:
    read_ledger(read_settings())
    file = Warehouse.of(read_settings()).file
    script = (
        "import sys, time\n"
        "clock = time.time_ns\n"
        "time.time_ns = lambda: clock() + 10**10\n"
        "from vsf_assets.cli.main import cli\n"
        "cli.main(['status'], standalone_mode=False)\n"
        "heavy = ('duckdb', 'polars', 'numpy', 'pyarrow', 'boto3', 'dagster', 'dbt', 'sqlalchemy', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "clicks_1.csv" in done.stdout
    assert file.exists()
