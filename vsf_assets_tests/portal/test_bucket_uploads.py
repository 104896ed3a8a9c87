"""Uploads into a bucket: parts that go on after a kill, names that replace nothing, groups.

Here: the fast layer with an object store on this machine. Not here: a landing folder (test_uploads.py).
"""

import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vsf_assets.portal.fast import bucket_names
from vsf_assets.portal.fast.bucket_names import BucketNames
from vsf_assets.portal.fast.naming import LandingNames
from vsf_assets.portal.fast.upload_folder import UploadFolder, lock
from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import plain_errors
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.portal.upload_driver import FastLayer, killed_at

PATH = "clicks/1/clicks_1.csv"


@pytest.fixture
def fast(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> FastLayer:
    from moto.s3 import models

    monkeypatch.setattr(models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(bucket_names, "PART_BYTES", 1000)
    return FastLayer(tmp_path / "home", f"s3://{bucket.name}/landing")


def objects(fast: FastLayer) -> dict[str, bytes]:
    store = ObjectStore(fast.settings.landing)
    return {entry.path: store.open(entry.path).read() for entry in store.entries()}


def unfinished(bucket: Bucket) -> int:
    return len(bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", ()))


def test_a_file_lands_in_the_bucket_and_leaves_nothing_behind(fast: FastLayer, bucket: Bucket) -> None:
    content = os.urandom(4500)
    ticket = fast.ticket(PATH, len(content))
    fast.put(ticket, [content[:2000], None])
    assert fast.put(ticket, content[2000:], upload_offset="2000").status == 201
    assert objects(fast) == {PATH: content}
    assert (fast.parts(), unfinished(bucket)) == ([], 0)
    record = fast.folder.record(ticket.id)
    (entry,) = ObjectStore(fast.settings.landing).entries()
    assert record is not None
    assert record.modified_ns == entry.modified.timestamp() * 10**9
    assert fast.put(ticket, content).status == 409


def test_an_empty_file_lands_in_the_bucket(fast: FastLayer) -> None:
    assert fast.put(fast.ticket(PATH, 0), b"").status == 201
    assert objects(fast) == {PATH: b""}


def test_a_pending_object_is_never_replaced(fast: FastLayer, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key=f"landing/{PATH}", Body=b"there")
    assert fast.put(fast.ticket(PATH, 3), b"abc").status == 409
    monkeypatch.setattr(BucketNames, "is_taken", lambda *_: False)  # it appears in the last moment
    assert fast.put(fast.ticket(PATH, 3), b"abc").status == 409
    assert objects(fast) == {PATH: b"there"}
    assert (fast.parts(), unfinished(bucket)) == ([], 0)


STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "record written": (UploadFolder, "write", 1, False),
    "upload in parts begun": (UploadFolder, "write", 2, False),
    "some parts sent": (BucketNames, "_send", 3, False),
    "all parts sent": (BucketNames, "prepare", 1, False),
    "before the end": (BucketNames, "give", 1, True),
    "after the end": (BucketNames, "give", 1, False),
    "before the answer": (LandingNames, "give", 1, False),
}
CASES = [(step, False) for step in STEPS] + [(step, True) for step in list(STEPS)[-2:]]


@pytest.mark.parametrize(("step", "is_taken"), CASES)
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    fast: FastLayer, bucket: Bucket, step: str, is_taken: bool
) -> None:
    content = os.urandom(4500)
    ticket = fast.ticket(PATH, len(content))
    owner, name, nth, before = STEPS[step]
    killed_at(owner, name, lambda: fast.put_in_child(ticket, content), nth, before)
    if is_taken:
        assert objects(fast) == {PATH: content}
        ObjectStore(fast.settings.landing).remove(PATH)
    fast.restart()
    bucket.server.log.clear()
    fast.uploads.go_on()
    sent = sum(request.method == "PUT" and "partNumber" in request.query for request in bucket.server.log)
    assert sent == {"record written": 5, "upload in parts begun": 5, "some parts sent": 2}.get(step, 0)
    assert objects(fast) == ({} if is_taken else {PATH: content})
    assert fast.put(ticket, content).status == 409
    assert (fast.parts(), unfinished(bucket)) == ([], 0)


def test_a_store_that_is_away_keeps_what_has_arrived(fast: FastLayer, bucket: Bucket) -> None:
    ticket = fast.ticket(PATH, 3)
    bucket.server.fail("error", method="PUT|POST", status=403, code="AccessDenied")
    assert fast.put(ticket, b"abc").status == 503
    bucket.server.settle()
    assert fast.head(ticket).headers["upload-offset"] == "3"
    assert fast.put(ticket, b"", upload_offset="3").status == 201
    assert objects(fast) == {PATH: b"abc"}


def test_what_a_store_refused_for_a_moment_gets_its_name_without_its_sender(fast: FastLayer, bucket: Bucket) -> None:
    """Of two complete uploads one stays refused; the other gets its name all the same."""
    tickets = [fast.ticket(f"clicks/{number}/clicks_{number}.csv", 3) for number in (1, 2)]
    bucket.server.fail("error", method="PUT|POST", status=403, code="AccessDenied")
    assert [fast.put(ticket, b"abc").status for ticket in tickets] == [503, 503]
    bucket.server.settle()
    names = LandingNames(fast.settings, fast.folder)
    names.go_on(rested=60)
    assert objects(fast) == {}
    with fast.folder.part(tickets[0].id).open("rb") as file:
        lock(file.fileno())  # as if its sender went on at this moment
        names.go_on()
        assert objects(fast) == {tickets[1].path: b"abc"}
    names.go_on()
    assert set(objects(fast)) == {ticket.path for ticket in tickets}


@pytest.mark.parametrize(("times", "is_gone"), [(1, False), (2, False), (1, True)])
def test_an_object_that_is_removed_at_that_moment_refuses_nothing(
    fast: FastLayer, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, times: int, is_gone: bool
) -> None:
    """The store answers 409 while the service removes a loaded object of this name: the end is tried once more.

    The store may have given the upload in parts up meanwhile: then the parts are sent anew.
    """
    original, conflicts = BucketNames._answer, []

    def conflicting(names: BucketNames, record: Any, name: str, of: int = 0, **arguments: Any) -> Any:
        if name == "complete_multipart_upload" and len(conflicts) < times:
            conflicts.append(name)
            if is_gone:
                original(names, record, "abort_multipart_upload", UploadId=record.multipart)
            with plain_errors("s3://x"):
                raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, name)
        return original(names, record, name, of, **arguments)

    monkeypatch.setattr(BucketNames, "_answer", conflicting)
    ticket = fast.ticket(PATH, 3)
    assert fast.put(ticket, b"abc").status == (503 if times == 2 or is_gone else 201)
    if times == 2 or is_gone:
        assert fast.put(ticket, b"", upload_offset="3").status == 201  # what has arrived stays
    assert objects(fast) == {PATH: b"abc"}
    assert (fast.parts(), unfinished(bucket)) == ([], 0)


def test_a_group_gets_its_names_together_or_not_at_all(fast: FastLayer, bucket: Bucket) -> None:
    paths = [f"datasets/managed/{name}.csv" for name in ("namespaces", "columns", "datapoints")]
    tickets = fast.tickets(*((path, 3) for path in paths))
    assert [fast.put(ticket, b"abc").json["state"] for ticket in tickets] == ["complete", "complete", "landed"]
    assert set(objects(fast)) == set(paths)
    bucket.client.delete_object(Bucket=bucket.name, Key=f"landing/{paths[0]}")
    again = fast.tickets(*((path, 3) for path in paths))
    assert [fast.put(ticket, b"xyz").status for ticket in again] == [201, 201, 409]
    assert objects(fast) == dict.fromkeys(paths[1:], b"abc")
    assert (fast.parts(), unfinished(bucket)) == ([], 0)
