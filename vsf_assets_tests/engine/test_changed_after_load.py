"""A file that is still written to after it was loaded, where the system could not tell: the right rows in the end.

Here: writers that go on in the archived file, with leases and the look at open files switched off while it is
loaded; crashes in between; rebuilds. Not here: what the system can tell (test_writers_that_stall.py).
"""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from vsf_assets.archive import changed_originals as changed
from vsf_assets.common.errors import VsfError
from vsf_assets.ingest import appended_files as continued
from vsf_assets.ingest import changed_since_listing as again
from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.ingest import rereading
from vsf_assets.ingest.session import ingest_archive
from vsf_assets.pipeline import ingest as engine
from vsf_assets.pipeline.rebuild import _refuse_missing_originals
from vsf_assets.pipeline.status import survey
from vsf_assets.storage import open_writers
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.ledger import read_files
from vsf_assets_tests.engine.test_files_that_change import play
from vsf_assets_tests.engine.test_writers_that_stall import HEAD, TAIL, WHOLE, rows
from vsf_assets_tests.warehouses import Home, clicks

FIRST_PART = [(1, 10, 100), (2, 10, 1)]
FINDING = ("clicks_1.csv", None, "changed_after_load", None)


@pytest.fixture(autouse=True)
def blind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system tell nothing of a landed file, as on a network file system."""
    monkeypatch.setattr(engine, "being_written", lambda *_: set())
    for module in (again, filing):
        monkeypatch.setattr(module, "is_written", lambda *_: False)


def load_first_part(home: Home, name: str = "clicks_1.csv", minute: int = 0) -> IO[bytes]:
    """Load half a file, and return what its writer has open."""
    landed = home.land(name, b"")
    writer = landed.open("ab", buffering=0)
    writer.write(HEAD)
    home.land(name, HEAD, minute)
    home.ingest()
    assert home.landed() == []
    return writer


def go_on(writer: IO[bytes], content: bytes = TAIL) -> None:
    writer.write(content)
    writer.close()


def rebuilt(home: Home, name: str = "rebuilt") -> Home:
    other = Home(home.root / name, ARCHIVE=home.settings.archive)
    with other.warehouse.lock("test"):
        ingest_archive(other.warehouse, "test")
    return other


def names(home: Home) -> list[str]:
    return [re.sub(r"__\w{12}__", "__", path) for path in home.archived()]


@pytest.mark.both_forms
def test_rows_are_replaced_by_those_of_the_whole_file_and_the_finding_says_so(home: Home) -> None:
    writer = load_first_part(home)
    assert rows(home) == FIRST_PART
    ((landed_at, first_part_id),) = home.files("landed_at, file_id")
    assert home.ingest().stored == []
    assert [r.file_name for r in survey(home.settings, home.warehouse).outdated] == []
    go_on(writer)
    seen = survey(home.settings, home.warehouse)
    assert [r.file_name for r in seen.outdated] == ["clicks_1.csv"]
    assert seen.contract_changed == [], "no release changed its reading"
    home.ingest()
    assert rows(home) == WHOLE
    assert home.findings() == [FINDING]
    assert home.findings("records, unlisted_records") == [(1, 0)]
    ((again_at, whole_id, sha, status, path),) = home.files("landed_at, file_id, sha256, status, archive_path")
    assert (again_at, status) == (landed_at, "loaded")
    assert whole_id != first_part_id
    assert path == f"clicks/1/20260105T120000.000000Z__{sha[:12]}__clicks_1.csv"
    assert home.archived() == {path: HEAD + TAIL, f"{path}.changed": b""}
    assert home.ingest().stored == []
    assert survey(home.settings, home.warehouse).outdated == []
    assert rebuilt(home).state() == home.state()
    home.ingest(reload="all")
    assert (rows(home), home.findings()) == (WHOLE, [FINDING])


def test_file_that_is_still_open_is_looked_at_when_it_is_closed(home: Home) -> None:
    writer = load_first_part(home)
    writer.write(TAIL[:2])
    assert survey(home.settings, home.warehouse).outdated == []
    assert home.ingest().stored == []
    go_on(writer, TAIL[2:])
    home.ingest()
    assert rows(home) == WHOLE


@pytest.mark.both_forms
def test_writer_may_stall_more_than_once(home: Home) -> None:
    first = load_first_part(home)
    second = os.fdopen(os.dup(first.fileno()), "ab", buffering=0)
    go_on(first, TAIL[:2])
    second.close()
    home.ingest()
    assert rows(home) == [(1, 10, 100), (2, 10, 100)]
    ((path,),) = home.files("archive_path")
    with (home.archive / path).open("ab") as third:
        third.write(TAIL[2:])
    home.ingest()
    assert (rows(home), home.findings()) == (WHOLE, [FINDING])
    assert names(home) == ["clicks/1/20260105T120000.000000Z__clicks_1.csv", *names(home)[1:]]
    assert len(home.archived()) == 2
    assert rebuilt(home).state() == home.state()


@pytest.mark.both_forms
def test_half_that_others_repeated_is_theirs_and_a_whole_that_others_had_is_a_duplicate(home: Home) -> None:
    home.land("clicks_1_whole.csv", HEAD + TAIL, minute=9)
    home.land("clicks_1_half.csv", HEAD, minute=5)
    writer = load_first_part(home)
    status = "file_name, status, rows_loaded"
    assert home.files(status) == [
        ("clicks_1.csv", "loaded", 2),
        ("clicks_1_half.csv", "duplicate_file", 0),
        ("clicks_1_whole.csv", "loaded", 4),
    ]
    go_on(writer)
    home.ingest()
    expected = [
        ("clicks_1.csv", "loaded", 4),
        ("clicks_1_half.csv", "loaded", 2),
        ("clicks_1_whole.csv", "duplicate_file", 0),
    ]
    assert home.files(status) == expected
    assert rebuilt(home).state() == home.state()


def test_run_that_dies_before_what_repeated_the_half_is_read_is_completed_by_the_next(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.land("clicks_1_half.csv", HEAD, minute=5)
    go_on(load_first_part(home))
    with monkeypatch.context() as patch:
        patch.setattr(rereading, "without_rows", lambda *_: [])
        home.ingest()
    assert home.files("status") == [("loaded",), ("duplicate_file",)]
    assert [r.file_name for r in survey(home.settings, home.warehouse).outdated] == ["clicks_1_half.csv"]
    home.ingest()
    assert home.files("status, rows_loaded") == [("loaded", 4), ("loaded", 2)]
    assert rebuilt(home).state() == home.state()


@pytest.mark.parametrize("moment", ["after the name", "after the record"])
def test_run_that_dies_before_it_stores_the_rows_is_completed_by_the_next_or_by_a_rebuild(
    home: Home, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    go_on(load_first_part(home))
    with monkeypatch.context() as patch:

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        if moment == "after the name":
            patch.setattr(rereading.Rereading, "_one", die)
            patch.setattr("vsf_assets.ingest.session.Ingest.load", die)
        else:
            patch.setattr(changed.FolderStore, "move", die)
        with pytest.raises(KeyboardInterrupt):
            home.ingest()
    assert rows(home) == FIRST_PART
    with home.warehouse.lock("test"):
        _refuse_missing_originals(home.warehouse)
    other = rebuilt(home)
    assert (rows(other), other.findings()) == (WHOLE, [FINDING])
    home.ingest()
    assert home.state() == other.state()


def test_rebuild_notices_it_by_itself_with_the_ledger_and_without(home: Home) -> None:
    """Without a ledger, what was written to soon after it landed counts as changed."""
    recent = datetime.now(UTC) - timedelta(hours=2)
    landed = home.land("clicks_1.csv", HEAD)
    os.utime(landed, (recent.timestamp(), recent.timestamp()))
    home.ingest()
    ((path,),) = home.files("archive_path")
    with (home.archive / path).open("ab") as writer:
        writer.write(TAIL)
        writer.flush()
        with pytest.raises(VsfError, match="a process is still writing to"):
            rebuilt(home, "too early")
    other = rebuilt(home)
    assert (rows(other), other.findings()) == (WHOLE, [FINDING])


@pytest.mark.parametrize("damage", ["bit rot", "shrunk"])
def test_original_that_is_damaged_still_stops_a_rebuild_by_name(home: Home, damage: str) -> None:
    recent = datetime.now(UTC) - timedelta(hours=2)
    landed = home.land("clicks_1.csv", clicks(1, 2))
    os.utime(landed, (recent.timestamp(), recent.timestamp()))
    home.ingest()
    ((path,),) = home.files("archive_path")
    original = home.archive / path
    times = original.stat()
    original.write_bytes(clicks(1, 3) if damage == "bit rot" else clicks(1))
    os.utime(original, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert home.ingest().stored == []
    with home.warehouse.lock("test"):
        _refuse_missing_originals(home.warehouse)
    with pytest.raises(VsfError, match=r"clicks_1\.csv: the archived file is damaged"):
        rebuilt(home)


def test_original_with_another_time_and_the_same_content_is_hashed_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    ((path,),) = home.files("archive_path")
    (home.archive / path).touch()
    hashed, original = [], changed.sha256_of
    monkeypatch.setattr(changed, "sha256_of", lambda *words: hashed.append(words) or original(*words))
    for _ in range(3):
        assert home.ingest().stored == []
    assert len(hashed) == 1


def test_originals_are_looked_at_for_a_day_or_as_the_setting_says(tmp_path: Path) -> None:
    home = Home(tmp_path, RECHECK_HOURS="0")
    go_on(load_first_part(home))
    home.ingest()
    assert rows(home) == FIRST_PART
    patient = Home(tmp_path)
    files = survey(home.settings, home.warehouse).files
    now = datetime.now(UTC)
    assert changed.to_recheck(files, patient.settings, now + timedelta(hours=23)) == files
    assert changed.to_recheck(files, patient.settings, now + timedelta(hours=25)) == []


def test_originals_that_were_not_kept_cost_one_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path, AFTER_LOAD="delete")
    for number in range(5):
        home.land(f"clicks_1_{number}.csv", clicks(number), number)
    home.ingest()
    listed, original = [], FolderStore.entries
    monkeypatch.setattr(FolderStore, "entries", lambda self, prefix="": listed.append(prefix) or original(self, prefix))
    files = home.files("file_name")
    with home.warehouse.read("test") as connection:
        assert connection is not None
        assert changed.to_recheck(read_files(connection), home.settings, datetime.now(UTC)) == []
    assert (len(files), listed) == (5, ["clicks/1"])


def test_file_of_an_upload_is_read_again_in_its_place(home: Home) -> None:
    members = {
        "namespaces.csv": b"namespace_id,namespace_option_name,namespace_option_standard_name\nns-1,One,one\n",
        "columns.csv": b"column_id,namespace_id,dataset_database_name,dataset_table_name,dataset_column_name,"
        b"data_point_id,dataset_owner_name\nc-1,ns-1,d,t,c,dp-1,o\n",
        "datapoints.csv": b"data_point_id,data_point_name\n",
    }
    for minute, (name, content) in enumerate(members.items()):
        home.land(f"datasets/funds/{name}", content, minute)
    home.ingest(feeds=["datasets"])
    (path,) = [p for (p,) in home.files("archive_path") if p.endswith("__namespaces.csv")]
    with (home.archive / path).open("ab") as writer:
        writer.write(b"ns-2,Two,two\n")
    home.ingest(feeds=["datasets"])
    assert home.query("select namespace_id from raw.namespaces order by 1") == [("ns-1",), ("ns-2",)]
    assert home.query("select count(*), count(distinct landed_at) from raw.files") == [(3, 1)]
    assert ("namespaces.csv", None, "changed_after_load", None) in home.findings()
    assert rebuilt(home).state() == home.state()


def test_delivered_file_of_the_records_name_is_a_delivery(home: Home) -> None:
    for minute, content in enumerate([b"", clicks(1)]):
        home.land("clicks_1.csv.changed", content, minute)
    home.ingest()
    assert rebuilt(home).state() == home.state()
    assert home.click_ids() == [1]


def test_kept_file_that_goes_on_replaces_its_beginning_and_is_known_then(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    landed = home.land("clicks_1.csv", HEAD)
    home.ingest()
    with landed.open("ab") as writer:
        writer.write(TAIL)
    home.ingest()
    assert (rows(home), home.findings(), home.landed()) == (WHOLE, [FINDING], ["clicks_1.csv"])
    assert [len(content) for content in home.archived().values()] == [len(HEAD + TAIL), 0]
    assert home.ingest().stored == []
    assert survey(home.settings, home.warehouse).queue.new == []
    assert rebuilt(home).state() == home.state()


def test_kept_file_that_cannot_be_compared_waits_and_holds_no_other_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    with home.land("clicks_1.csv", HEAD).open("ab") as writer:
        home.ingest()
        writer.write(TAIL)
    home.land("clicks_2.csv", clicks(9), 1)

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error", str(home.landing / "clicks_1.csv"))

    with monkeypatch.context() as patch:
        patch.setattr(continued, "_digest_after", fails)
        report = home.ingest()
    assert report.failed == [("clicks_1.csv", "cannot be compared with what was loaded: Input/output error")]
    assert ("clicks_1.csv" in report.unreadable, [row.file_name for row in report.stored]) == (True, ["clicks_2.csv"])
    home.ingest()
    assert [row for row in rows(home) if row[0] != 9] == WHOLE


def test_kept_file_that_is_replaced_by_another_is_another_delivery(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    home.land("clicks_1.csv", clicks(2, 3), 5)
    home.ingest()
    assert (home.click_ids(), home.findings()) == ([1, 2, 3], [])
    assert len(home.archived()) == 2


def test_file_that_is_opened_again_while_it_is_filed_stays_and_is_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed = home.land("clicks_1.csv", HEAD)
    monkeypatch.setattr(filing, "is_written", open_writers.is_written)
    opened: list[IO[bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "file_originals", lambda: opened.append(landed.open("ab")), "before")
        report = home.ingest()
    assert report.left == [("clicks_1.csv", filing.OPENED_AGAIN)]
    assert (rows(home), list(home.archived().values())) == (FIRST_PART, [HEAD])
    go_on(opened[0])
    home.ingest()
    assert (rows(home), home.findings(), home.landed()) == (WHOLE, [FINDING], [])
    assert rebuilt(home).state() == home.state()


def test_file_that_was_opened_again_and_did_not_change_is_filed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    landed = home.land("clicks_1.csv", clicks(1))
    monkeypatch.setattr(filing, "is_written", open_writers.is_written)
    opened: list[IO[bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "file_originals", lambda: opened.append(landed.open("ab")), "before")
        home.ingest()
    opened[0].close()
    home.ingest()
    assert (home.landed(), list(home.archived().values()), home.findings()) == ([], [clicks(1)], [])
