"""A writer that stalls: its file looks complete and is not.

Here: what the system can tell, played with open files. Not here: what it cannot tell (test_changed_after_load.py).
"""

import os
import time
from pathlib import Path

import pytest

from vsf_assets.ingest import loader as batches
from vsf_assets_tests.engine.test_files_that_change import play
from vsf_assets_tests.warehouses import Home, clicks

HEAD = b"click_id,banner_id,campaign_id\n1,10,100\n2,10,1"
TAIL = b"00\n3,10,100\n4,10,100\n"
WHOLE = [(1, 10, 100), (2, 10, 100), (3, 10, 100), (4, 10, 100)]
WHY = "a process has it open for writing; it is read once it is closed"


def rows(home: Home) -> list[tuple[int, ...]]:
    return home.query("select click_id, banner_id, campaign_id from raw.clicks order by 1")


@pytest.mark.parametrize("settle", ["0", "0.05"])
def test_file_is_left_while_it_is_open_for_writing_and_the_others_are_loaded_at_once(
    tmp_path: Path, settle: str
) -> None:
    home = Home(tmp_path, SETTLE_SECONDS=settle, SETTLE_TIMEOUT="60")
    landed = home.land("clicks_1.csv", b"")
    home.land("clicks_2.csv", clicks(9))
    with landed.open("ab", buffering=0) as writer:
        writer.write(HEAD)
        started = time.monotonic()
        report = home.ingest()
        assert time.monotonic() - started < 20
        assert (report.left, report.failed) == ([("clicks_1.csv", WHY)], [])
        assert (home.click_ids(), home.landed()) == ([9], ["clicks_1.csv"])
        writer.write(TAIL)
    home.ingest()
    assert rows(home) == sorted([*WHOLE, (9, 90, 7)])
    assert (home.landed(), home.findings()) == ([], [])


def test_upload_waits_for_a_file_that_is_open_for_writing(tmp_path: Path) -> None:
    home = Home(tmp_path, DATASET_WAIT_SECONDS="0")
    members = {
        "namespaces.csv": b"namespace_id,namespace_option_name,namespace_option_standard_name\nns-1,One,one\n",
        "columns.csv": b"column_id\n",
    }
    paths = {name: home.land(f"datasets/funds/{name}", content) for name, content in members.items()}
    with paths["columns.csv"].open("ab"):
        report = home.ingest(feeds=["datasets"])
    assert dict(report.left) == {
        "datasets/funds/columns.csv": WHY,
        "datasets/funds/namespaces.csv": "it waits for columns.csv, which belongs to the same upload and which"
        " another process has open for writing",
    }
    assert report.stored == []


@pytest.mark.parametrize(("moment", "when"), [("read_one_file", "after"), ("is_unchanged", "before")])
def test_file_that_is_opened_again_before_it_is_stored_is_left(home: Home, moment: str, when: str) -> None:
    landed, opened = home.land("clicks_1.csv", clicks(1)), []
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, moment, lambda: opened.append(landed.open("ab")), when)
        report = home.ingest()
    assert report.left == [("clicks_1.csv", WHY)]
    assert home.files() == []
    opened[0].close()
    home.ingest()
    assert home.click_ids() == [1]


def test_marker_vouches_for_a_file_that_is_still_open(home: Home) -> None:
    landed = home.land("clicks_1.csv", clicks(1))
    home.land("clicks_1.csv.done", b"")
    descriptor = os.open(landed, os.O_WRONLY)
    home.ingest()
    os.close(descriptor)
    assert home.click_ids() == [1]
