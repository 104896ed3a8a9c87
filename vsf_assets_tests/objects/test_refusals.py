"""Answers about one object: it is reported by name, and the store is not taken to be down.

Not here: a store that cannot be reached (test_faults.py, test_commands.py).
"""

import pytest

from vsf_assets.ingest.loader import GIVE_UP_AFTER
from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import ObjectRefusedError, ObjectStoreError
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import clicks

FILES = GIVE_UP_AFTER + 2


def land(stored: EngineHome) -> None:
    for number in range(FILES):
        stored.land(f"clicks_1_{number}.csv", clicks(number), number)
    stored.land("clicks_1_good.csv", clicks(99), FILES)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (403, "AccessDenied", "access is denied"),
        (403, "InvalidObjectState", "is archived in cold storage; restore it"),
    ],
)
def test_refused_objects_hold_no_other_back(stored: EngineHome, status: int, code: str, says: str) -> None:
    land(stored)
    stored.bucket.server.fail("error", method="GET", path=r"clicks_1_\d", status=status, code=code)
    report = stored.ingest()
    assert [row.file_name for row in report.stored] == ["clicks_1_good.csv"]
    assert [path for path, _ in report.failed] == [f"clicks_1_{n}.csv" for n in range(FILES)]
    assert all(says in why for _, why in report.failed)
    assert report.breaking == []


def test_an_object_that_nobody_may_look_at_again_is_reported(stored: EngineHome) -> None:
    land(stored)
    stored.bucket.server.fail("error", method="HEAD", path="landing/clicks_1_0", status=403, code="AccessDenied")
    report = stored.ingest()
    assert [(path, path in report.unreadable) for path, _ in report.failed] == [("clicks_1_0.csv", True)]
    assert len(report.stored) == FILES


def test_answers_that_every_object_gets_are_not_about_one(bucket: Bucket) -> None:
    store = ObjectStore(bucket.address("zone"))
    with store.writer("a.csv") as file:
        file.write(b"x")
    for status, code, is_of_one in [(403, "AccessDenied", True), (403, "InvalidAccessKeyId", False), (503, "X", False)]:
        bucket.server.fail("error", method="GET", status=status, code=code)
        with pytest.raises(ObjectStoreError) as caught:
            store.open("a.csv")
        assert isinstance(caught.value, ObjectRefusedError) is is_of_one
        bucket.server.settle()


def test_names_are_left_out_as_in_a_folder(bucket: Bucket) -> None:
    store = ObjectStore(bucket.address("zone"))
    names = [
        "a.csv",
        "a.csv.done",
        "b.csv.crdownload",
        ".c/d.csv",
        ".c/e.csv",
        "1/f.csv.filepart",
        "g.csv",
        "g.csv.aria2",
    ]
    for name in names:
        with store.writer(name) as file:
            file.write(b"x")
    listing = store.listing()
    assert [(entry.path, entry.has_done) for entry in listing.entries] == [("a.csv", True)]
    assert [(entry.path, entry.kind) for entry in listing.left_out] == [
        (".c", "hidden"),
        ("1/f.csv.filepart", "unfinished"),
        ("b.csv.crdownload", "unfinished"),
        ("g.csv", "unfinished"),
        ("g.csv.aria2", "unfinished"),
    ]
    every = ["1/f.csv.filepart", "a.csv", "a.csv.done", "b.csv.crdownload", "g.csv", "g.csv.aria2"]
    assert [entry.path for entry in store.every_entry()] == every
