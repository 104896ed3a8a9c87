"""The store of a prefix: what a listing shows, what reading and writing do.

Here: ObjectStore by itself. Not here: faults (test_faults.py) and ingests (test_ingest.py).
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsf_assets.common.errors import UsageError
from vsf_assets.config import settings
from vsf_assets.storage import s3 as object_store
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import StoredObjectReplacedError, split_address
from vsf_assets.storage.transfer import copy_file
from vsf_assets_tests.object_server import Bucket


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    found = open_store(bucket.address("zone"))
    assert isinstance(found, ObjectStore)
    return found


def test_addresses() -> None:
    assert split_address("s3://bucket/a/b/") == ("bucket", "a/b")
    assert split_address("s3://bucket") == ("bucket", "")
    for wrong in ("s3://", "s3:///key", "bucket/key", "s3://key:secret@bucket/x"):
        with pytest.raises(UsageError, match="write it like s3://bucket/prefix"):
            split_address(wrong)


def test_listing_shows_what_counts(bucket: Bucket, store: ObjectStore) -> None:
    for name in ("b.csv", "a/1/x.csv", "a/1/x.csv.done", "half.tmp", "half.part", ".hidden", ".git/x", "folder/"):
        bucket.put(f"zone/{name}", "abc")
    bucket.put("zone2/other.csv", "abc")
    assert [(e.path, e.size, e.has_done) for e in store.entries()] == [("a/1/x.csv", 3, True), ("b.csv", 3, False)]
    assert [e.path for e in store.entries("a")] == ["a/1/x.csv"]
    assert store.entries("b") == []


def test_prefix_may_be_empty(bucket: Bucket) -> None:
    bucket.put("a.csv", "abc")
    assert [e.path for e in ObjectStore(f"s3://{bucket.name}").entries()] == ["a.csv"]


def test_listing_and_look_at_one_agree_to_the_second(bucket: Bucket, store: ObjectStore) -> None:
    bucket.put("zone/a b+ü.csv", "abc")
    bucket.server.set_modified(bucket.name, "zone/a b+ü.csv", datetime(2026, 1, 5, 12, 0, 7, 654321, tzinfo=UTC))
    (entry,) = store.entries()
    assert entry == store.stat("a b+ü.csv")
    assert entry.modified == datetime(2026, 1, 5, 12, 0, 7, tzinfo=UTC)


def test_another_content_of_the_same_size_and_second_is_another_state(bucket: Bucket, store: ObjectStore) -> None:
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    states = []
    for content in ("abc", "abd"):
        bucket.put("zone/a.csv", content)
        bucket.server.set_modified(bucket.name, "zone/a.csv", at)
        states.append(store.stat("a.csv"))
    assert states[0] is not None
    assert (states[0].size, states[0].modified) == (states[1].size, states[1].modified)
    assert not states[0].same_state(states[1])


def test_a_listing_of_many_objects_comes_in_pages(bucket: Bucket, store: ObjectStore) -> None:
    bucket.put("zone/clicks/0000.csv", b"x")
    bucket.multiply("zone/clicks/0000.csv", (f"zone/clicks/{number:04d}.csv" for number in range(1, 1005)))
    bucket.server.log.clear()
    assert [e.path for e in store.entries()] == [f"clicks/{n:04d}.csv" for n in range(1005)]
    assert [r.method for r in bucket.server.log] == ["GET", "GET"]
    bucket.server.log.clear()
    wanted = {f"clicks/{n:04d}.csv" for n in range(900, 1100)}
    assert len(store.present(wanted)) == 105
    assert len(bucket.server.log) == 2


def test_writing_is_all_or_nothing(bucket: Bucket, store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="enough"), store.writer("a.csv") as file:
        file.write(b"half")
        raise ValueError("enough")
    assert bucket.keys() == []
    with store.writer("a.csv") as file:
        file.write(b"whole")
    assert bucket.get("zone/a.csv") == b"whole"


def test_an_object_is_read_only_in_the_state_that_was_asked_for(bucket: Bucket, store: ObjectStore) -> None:
    bucket.put("zone/a.csv", "abc")
    seen = store.stat("a.csv")
    assert seen is not None
    bucket.put("zone/a.csv", "abd")
    with pytest.raises(StoredObjectReplacedError, match="was replaced"):
        store.open("a.csv", seen.etag)
    with store.open("a.csv") as file:
        assert file.read() == b"abd"
    with pytest.raises(FileNotFoundError):
        store.open("b.csv")


def test_only_the_state_that_was_seen_is_copied_and_removed(bucket: Bucket, store: ObjectStore) -> None:
    archive = ObjectStore(bucket.address("archive"))
    bucket.put("zone/a.csv", "abc")
    seen = store.stat("a.csv")
    assert seen is not None
    bucket.put("zone/a.csv", "abd")
    with pytest.raises(StoredObjectReplacedError):
        store.copy_within(seen, archive, "a.csv")
    store.remove("a.csv", seen.etag)
    assert bucket.keys() == ["zone/a.csv"]
    now = store.stat("a.csv")
    assert now is not None
    assert store.copy_within(now, archive, "a.csv")
    store.remove("a.csv", now.etag)
    assert bucket.keys() == ["archive/a.csv"]


def test_a_copy_inside_the_store_carries_no_bytes_through_here(bucket: Bucket, store: ObjectStore) -> None:
    bucket.put("zone/a.csv", b"x" * 100_000)
    seen = store.stat("a.csv")
    assert seen is not None
    bucket.server.log.clear()
    assert copy_file(store, seen, ObjectStore(bucket.address("archive")), "a.csv", "not looked at")
    assert sum(request.sent for request in bucket.server.log) < 1000


def test_what_is_too_large_for_one_request_goes_in_parts(
    bucket: Bucket, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "ONE_REQUEST_BYTES", 1000)
    content = bytes(range(256)) * 40_000
    with store.writer("a.csv") as file:
        file.write(content)
    seen = store.stat("a.csv")
    assert seen is not None
    assert "-" in seen.etag
    archive = ObjectStore(bucket.address("archive"))
    assert store.copy_within(seen, archive, "a.csv")
    with archive.open("a.csv") as copy:
        assert copy.read() == content
    with pytest.raises(StoredObjectReplacedError):
        store.copy_within(replace(seen, etag="0" * 32 + "-1"), archive, "b.csv")


def test_credentials_may_stand_in_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("AWS_ACCESS_KEY_ID=from-file\nAWS_SECRET_ACCESS_KEY=from-file\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-shell")
    monkeypatch.setattr(settings, "PROJECT_ROOT", tmp_path)
    options = settings.client_options()
    assert ("AWS_ACCESS_KEY_ID", "from-file") in options.variables
    assert ("AWS_SECRET_ACCESS_KEY", "from-shell") in options.variables
    assert "from-" not in repr(options)


def test_a_copy_to_a_folder_is_compared(bucket: Bucket, store: ObjectStore, tmp_path) -> None:
    bucket.put("zone/a.csv", "abc")
    seen = store.stat("a.csv")
    assert seen is not None
    assert not copy_file(store, seen, FolderStore(tmp_path), "a.csv", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_marker_is_removed_first(bucket: Bucket, store: ObjectStore) -> None:
    bucket.put("zone/a.csv", "abc")
    bucket.put("zone/a.csv.done", "")
    store.remove("a.csv")
    assert bucket.keys() == []
    assert [r.path.rsplit("/")[-1] for r in bucket.server.log if r.method == "DELETE"] == ["a.csv.done", "a.csv"]
    store.remove("a.csv")
