"""Answers that never end, or end too soon: each costs a bounded time, is named, and holds nothing else back.

Not here: faults that a repeated request gets over (test_faults.py).
"""

import time
from pathlib import Path

import pytest

from vsf_assets.catalog.clients.s3 import S3Source
from vsf_assets.catalog.model.errors import SourceError
from vsf_assets.common.call_timeout import within
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import read_settings
from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import ObjectError, ObjectStoreError
from vsf_assets_tests.catalog.fetched import Fetcher
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import clicks


@pytest.mark.parametrize("kind", ["trickle", "slow"])
def test_four_objects_of_a_byte_at_a_time_hold_no_other_back(
    stored: EngineHome, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("VSF_STORE_OBJECT_SECONDS", "1")
    for number in range(6):
        stored.land(f"clicks_1_{number}.csv", clicks(*range(number, 500 + number)), number)
    stored.bucket.server.fail(kind, method="GET", path=r"/landing/clicks_1_[0-3]\.csv")
    started = time.monotonic()
    report = stored.ingest()
    assert time.monotonic() - started < 20
    assert sorted(path for path, _ in report.failed) == [f"clicks_1_{n}.csv" for n in range(4)]
    assert all("it took longer than 1 s" in why and "VSF_STORE_OBJECT_SECONDS" in why for _, why in report.failed)
    assert [row.file_name for row in report.stored] == ["clicks_1_4.csv", "clicks_1_5.csv"]
    stored.bucket.server.settle()
    assert len(stored.ingest().stored) == 4


def test_objects_that_are_cut_off_each_time_are_named_and_hold_no_other_back(stored: EngineHome) -> None:
    for number in range(5):
        stored.land(f"clicks_1_{number}.csv", clicks(*range(number, 500 + number)), number)
    stored.bucket.server.fail("cut", method="GET", path=r"/landing/clicks_1_[0-3]\.csv")
    report = stored.ingest()
    assert len(report.failed) == 4
    for path, why in report.failed:
        assert f"/{path} at http" in why
        assert "the store's answer was cut off 3 times (" in why
        assert "AWS_ENDPOINT_URL" not in why
    assert [row.file_name for row in report.stored] == ["clicks_1_4.csv"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_without_its_headers_is_asked_for_again_and_then_named(bucket: Bucket, method: str) -> None:
    bucket.put("zone/a.csv", b"content")
    store = ObjectStore(bucket.address("zone"))

    def ask() -> object:
        return store.stat("a.csv") if method == "HEAD" else store.open("a.csv").read()

    whole = ask()
    fault = bucket.server.fail("headless", method=method, times=2)
    assert ask() == whole
    assert fault.hits == 2
    bucket.server.fail("headless", method=method)
    with pytest.raises(ObjectError, match=r"zone/a\.csv at .*: the store's answer was cut off 3 times"):
        ask()


@pytest.mark.parametrize("kind", ["headless", "cut"])
def test_a_listing_that_is_cut_off_never_passes_for_an_empty_or_a_short_one(bucket: Bucket, kind: str) -> None:
    for number in range(3):
        bucket.put(f"zone/{number}.csv", b"content")
    store = ObjectStore(bucket.address("zone"))
    bucket.server.fail(kind, method="GET", times=2)
    assert [entry.path for entry in store.entries()] == ["0.csv", "1.csv", "2.csv"]
    bucket.server.settle()
    bucket.server.fail(kind, method="GET")
    with pytest.raises(ObjectStoreError, match="the store's answer was cut off 3 times") as error:
        store.entries()
    assert "AWS_ENDPOINT_URL" not in str(error.value)


def test_a_listing_an_upload_and_a_copy_that_never_end_are_given_up(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VSF_STORE_OBJECT_SECONDS", "0.5")
    bucket.put("zone/a.csv", b"content")
    store = ObjectStore(bucket.address("zone"))
    seen = store.entries()[0]
    bucket.server.fail("slow", method="GET|PUT|HEAD")
    (tmp_path / "b.csv").write_bytes(b"b")
    for ask in (
        store.entries,
        lambda: store.stat("a.csv"),
        lambda: store.put("b.csv", (tmp_path / "b.csv").open("rb"), 1),
        lambda: store.copy_within(seen, store, "c.csv"),
    ):
        started = time.monotonic()
        with pytest.raises(ObjectError, match=r"it took longer than 0 s|it took longer than 1 s"):
            ask()
        assert time.monotonic() - started < 60


def test_the_time_in_which_nobody_reads_does_not_count(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_STORE_OBJECT_SECONDS", "0.6")
    content = b"x" * 3_000_000
    bucket.put("zone/a.csv", content)
    with ObjectStore(bucket.address("zone")).open("a.csv") as file:
        first = file.read(1000)
        time.sleep(1)
        assert first + file.read() == content


def test_the_seconds_of_an_object_follow_from_those_of_an_answer() -> None:
    given = {"VSF_STORE_TIMEOUT": "3", "VSF_STORE_ATTEMPTS": "4"}
    assert read_settings(given).store_object_seconds == 12
    assert read_settings({**given, "VSF_STORE_OBJECT_SECONDS": "7.5"}).store_object_seconds == 7.5


def source_of(bucket: Bucket, **given: float) -> Profile:
    return Profile("default", bucket.address("theirs"), origin="sources.toml", attempts=2, **given)  # type: ignore[arg-type]


def test_a_source_in_a_bucket_names_what_is_cut_off(bucket: Bucket) -> None:
    bucket.put("theirs/a.data", b"[]")
    source = S3Source(source_of(bucket))
    fault = bucket.server.fail("headless", method="GET", times=1)
    assert source.observe(["a.data"], lambda _: None)["a.data"]
    assert fault.hits == 1
    bucket.server.fail("headless", method="GET")
    with pytest.raises(SourceError, match=r"the store's answer was cut off \(2 attempts\)"):
        source.observe(["a.data"], lambda _: None)


@pytest.mark.parametrize(("kind", "why"), [("slow", "longer than 1 s"), ("headless", "cut off"), ("cut", "cut off")])
def test_an_object_of_a_source_that_never_comes_holds_no_other_back(
    bucket: Bucket, tmp_path: Path, kind: str, why: str
) -> None:
    for name in ("a.data", "b.data"):
        bucket.put(f"theirs/{name}", b"[]" + b" " * 300)
    bucket.put("theirs/files_list.data", b"a.data\nb.data\n")
    bucket.server.fail(kind, method="GET", path="theirs/a.data")
    fetcher = Fetcher(tmp_path / "home", source_of(bucket, object_timeout=1.0))
    started = time.monotonic()
    report = fetcher.round()
    assert time.monotonic() - started < 10
    ((name, reason),) = report.failed.items()
    assert name == "catalog/default/a.data"
    assert why in reason
    assert [name for name, _ in fetcher.objects()] == ["b.data"]


def test_a_bounded_call_returns_raises_and_ends() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        within(0.05, lambda: time.sleep(1))
