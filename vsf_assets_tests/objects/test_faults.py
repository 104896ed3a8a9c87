"""A server that fails: what is repeated, what is left for the next run, and that every wait ends.

Here: ingests against faults of single requests. Not here: a bucket that cannot be reached at all
(test_commands.py), and what is right without faults (test_ingest.py).
"""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import ObjectStoreError, StoredObjectReplacedError
from vsf_assets.storage.s3_reader import ObjectReader
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import Home, clicks

PASSING: list[tuple[str, dict[str, Any]]] = [
    ("error", {"every": 3, "status": 500, "code": "InternalError"}),
    ("error", {"every": 3, "status": 503, "code": "SlowDown"}),
    ("reset", {"every": 4}),
    ("cut", {"every": 2, "method": "GET", "path": "clicks"}),
    ("stall", {"every": 5, "times": 2}),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    land(home)
    home.ingest()
    return home


def land(home: Home) -> None:
    for number in range(4):
        home.land(f"clicks_{number + 1}.csv", clicks(*range(number, 2000)), number)


@pytest.mark.parametrize(("kind", "details"), PASSING, ids=[f"{k} {d.get('status', '')}" for k, d in PASSING])
def test_passing_faults_change_nothing(
    stored: EngineHome, undisturbed: Home, monkeypatch: pytest.MonkeyPatch, kind: str, details: dict[str, Any]
) -> None:
    monkeypatch.setenv("VSF_STORE_TIMEOUT", "2")
    monkeypatch.setenv("VSF_STORE_ATTEMPTS", "9")  # threads meet every third request several times in a row
    land(stored)
    fault = stored.bucket.server.fail(kind, **details)
    report = stored.ingest()
    assert fault.hits > 1
    assert (report.left, report.failed) == ([], [])
    assert stored.state() == undisturbed.state()
    assert stored.landed() == []
    stored.bucket.server.settle()
    assert stored.archived() == undisturbed.archived()


@pytest.mark.parametrize("kind", ["error", "reset", "cut", "stall"])
def test_an_object_that_cannot_be_fetched_holds_nothing_back(
    stored: EngineHome, undisturbed: Home, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("VSF_STORE_TIMEOUT", "2")
    land(stored)
    stored.bucket.server.fail(kind, method="GET", path=r"/clicks_2\.csv", status=500, code="InternalError")
    started = time.monotonic()
    report = stored.ingest()
    assert time.monotonic() - started < 25
    ((path, why),) = report.failed
    assert path == "clicks_2.csv"
    assert "clicks_2.csv at http://127.0.0.1" in why
    assert len(report.stored) == 3
    assert stored.landed() == ["clicks_2.csv"]
    stored.bucket.server.settle()
    stored.ingest()
    assert stored.state() == undisturbed.state()


def test_a_store_that_fails_for_every_object_ends_the_run_early(stored: EngineHome) -> None:
    land(stored)
    fault = stored.bucket.server.fail("error", method="GET", path=r"/clicks_", status=503)
    with pytest.raises(ObjectStoreError, match=r"clicks_3\.csv at .*SlowDown"):
        stored.ingest()
    assert 3 * 3 <= fault.hits <= 3 * 4
    assert len(stored.landed()) == 4


def test_an_object_that_disappears_between_list_and_get_is_left(stored: EngineHome) -> None:
    land(stored)
    inside = stored.bucket.server.inside(stored.bucket.name)
    stored.bucket.server.fail(
        "act", method="GET", path=r"/clicks_2", times=1, action=lambda: inside.keys.pop("landing/clicks_2.csv")
    )
    report = stored.ingest()
    assert report.left == [("clicks_2.csv", "clicks_2.csv vanished before it was read")]
    assert (len(report.stored), report.failed, stored.landed()) == (3, [], [])


def test_an_object_that_is_replaced_between_list_and_get_is_taken_up_next_time(stored: EngineHome) -> None:
    land(stored)
    replaced = stored.bucket.server.fail(
        "act", method="GET", path=r"/clicks_2", times=1, action=lambda: stored.land("clicks_2.csv", clicks(7777))
    )
    report = stored.ingest()
    assert replaced.hits == 1
    ((path, why),) = report.left
    assert (path, "changed while it was read" in why) == ("clicks_2.csv", True)
    stored.ingest()
    assert (7777,) in stored.query("select click_id from raw.clicks")
    assert stored.landed() == []


def test_reading_goes_on_where_the_connection_broke(bucket: Bucket) -> None:
    content = b"".join(b"%09d\n" % n for n in range(100_000))
    bucket.put("zone/a.csv", content)
    bucket.server.fail("cut", method="GET", times=3)
    bucket.server.log.clear()
    with ObjectStore(bucket.address("zone")).open("a.csv") as file:
        assert file.read() == content
    assert len(bucket.server.log) > 1


def test_many_reads_that_break_at_once_do_not_mix(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_STORE_ATTEMPTS", "9")
    contents = {f"clicks_{n}.csv": clicks(*range(n, 2000)) for n in range(16)}
    for name, content in contents.items():
        bucket.put(f"zone/{name}", content)
    store = ObjectStore(bucket.address("zone"))
    bucket.server.fail("cut", every=2, method="GET")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda name: store.open(name).read(), contents)) == list(contents.values())


class Torn:
    """A client whose first answer breaks after three bytes; the second one goes on with `rest`."""

    def __init__(self, rest: bytes):
        self.meta = SimpleNamespace(config=SimpleNamespace(retries={"total_max_attempts": 3}))
        self.answers: list[Any] = [[b"abc", ReadTimeoutError(endpoint_url="http://here")], [rest]]

    def get_object(self, **_: str) -> dict[str, Any]:
        pieces = self.answers.pop(0)

        def read(size: int) -> bytes:
            piece = pieces.pop(0) if pieces else b""
            if isinstance(piece, Exception):
                raise piece
            return bytes(piece)

        etag = hashlib.md5(b"abcdef").hexdigest()
        return {"ETag": f'"{etag}"', "ContentLength": 6, "Body": SimpleNamespace(read=read, close=lambda: None)}


def test_pieces_that_do_not_fit_together_are_noticed() -> None:
    with ObjectReader(Torn(b"def"), "bucket", "key", "", "s3://bucket/key") as reader:
        assert reader.read() == b"abcdef"
    with (
        ObjectReader(Torn(b"xyz"), "bucket", "key", "", "s3://bucket/key") as reader,
        pytest.raises(ObjectStoreError, match="do not fit together"),
    ):
        reader.read()


def test_reading_never_goes_on_in_another_object(bucket: Bucket) -> None:
    bucket.put("zone/a.csv", b"x" * 1_000_000)
    store = ObjectStore(bucket.address("zone"))
    bucket.server.fail("cut", method="GET", times=1)
    with store.open("a.csv") as file:
        bucket.put("zone/a.csv", b"y" * 1_000_000)
        with pytest.raises(StoredObjectReplacedError):
            file.read()


def test_an_archive_that_refuses_holds_back_what_would_have_no_original_and_the_next_run_loads_it(
    stored: EngineHome, undisturbed: Home
) -> None:
    land(stored)
    stored.bucket.server.fail("error", method="PUT", path="archive/.*clicks_3", status=403, code="AccessDenied")
    report = stored.ingest()
    assert [(path, "access is denied" in why) for path, why in report.failed] == [("clicks_3.csv", True)]
    assert (len(report.stored), stored.landed()) == (3, ["clicks_3.csv"])
    stored.bucket.server.settle()
    stored.ingest()
    assert (stored.landed(), stored.state()) == ([], undisturbed.state())
