"""The landing zone against the ledger, and the names of originals in the archive: pure comparisons."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.archive.archive_file import originals
from vsf_assets.common.errors import VsfError
from vsf_assets.landing.pending import classify_landed
from vsf_assets.storage.archive_names import archive_path
from vsf_assets.storage.entry import Entry, modified_time
from vsf_assets.storage.local import FolderStore

T0 = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)
SHA = "0123456789ab" + "c" * 52


def entry(path: str, size: int = 10, minutes: int = 0) -> Entry:
    return Entry(path, size, T0 + timedelta(minutes=minutes))


def test_files_are_new_known_or_unknown() -> None:
    ledger = {("clicks", "1", "clicks_1.csv", 10, T0)}
    queue = classify_landed([entry("clicks_1.csv"), entry("clicks_2.csv"), entry("notes.txt")], ledger)
    assert [item.entry.path for item in queue.new] == ["clicks_2.csv"]
    assert [item.entry.path for item in queue.known] == ["clicks_1.csv"]
    assert [item.path for item in queue.unknown] == ["notes.txt"]


@pytest.mark.parametrize(
    "other",
    [
        entry("clicks_1.csv", size=11),
        entry("clicks_1.csv", minutes=1),
        entry("2/clicks_1.csv"),
        entry("clicks_1.csv.gz"),
    ],
    ids=["size", "time", "partition", "name"],
)
def test_file_that_differs_in_anything_a_listing_tells_is_new(other: Entry) -> None:
    assert len(classify_landed([other], {("clicks", "1", "clicks_1.csv", 10, T0)}).new) == 1


def test_new_files_come_in_landing_order() -> None:
    listed = [
        entry("b/clicks_1.csv"),
        entry("a/clicks_2.csv", minutes=1),
        entry("a/clicks_1.csv"),
        entry("clicks_0.csv"),
    ]
    found = [item.entry.path for item in classify_landed(listed, set()).new]
    assert found == ["clicks_0.csv", "a/clicks_1.csv", "b/clicks_1.csv", "a/clicks_2.csv"]


def test_modified_time_is_cut_to_the_microsecond() -> None:
    assert modified_time(1_767_614_400_123_456_999) == T0


def test_archive_path_tells_feed_partition_time_digest_and_name() -> None:
    assert archive_path("clicks", "1", T0, SHA, "c.csv") == "clicks/1/20260105T120000.123456Z__0123456789ab__c.csv"
    assert archive_path("clicks", None, T0, SHA, "c.csv") == "clicks/20260105T120000.123456Z__0123456789ab__c.csv"


@pytest.mark.parametrize("partition", ["1", None])
@pytest.mark.parametrize(
    "name", ["clicks_1.csv", "a__b__c", "20260105T120000.123456Z__0123456789ab__x", "two\nlines", "é"]
)
def test_original_is_told_back_by_its_path(tmp_path: Path, name: str, partition: str | None) -> None:
    path = tmp_path / archive_path("clicks", partition, T0, SHA, name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    (found,) = originals(FolderStore(tmp_path))
    reported = (found.feed.name, found.partition, found.landed_at, found.sha256_start, found.name)
    assert reported == ("clicks", partition, T0, SHA[:12], name)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("clicks/1/notes.txt", "not an original"),
        ("nofeed/20260105T120000.123456Z__0123456789ab__x", "not an original"),
        ("clicks/1/20260105T120000.123456Z__0123456789ab__x.not-kept", "VSF_AFTER_LOAD=delete"),
    ],
)
def test_archive_that_is_not_complete_is_refused(tmp_path: Path, path: str, what: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(b"")
    with pytest.raises(VsfError, match=what):
        list(originals(FolderStore(tmp_path)))
