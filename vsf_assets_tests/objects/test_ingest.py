"""Ingests with the landing zone and the archive in a bucket: queue, archive, replaced objects, two runs at once.

Here: a server that answers. Not here: one that fails (test_faults.py), and processes that are
killed (test_crashes.py).
"""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.landing.land_file import land_file
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import START, Home, clicks, conversions


def land_several(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1, 2) + b"x,1,1\n", minute=1)
    home.land("clicks_1_late.csv", clicks(1, 2) + b"x,1,1\n", minute=9)
    home.land("2/clicks_2.csv.gz", gzip.compress(clicks(3), mtime=0), minute=2)
    home.land("2/clicks_2.csv.gz.done", b"")
    home.land("conversions/3/any name ü.csv", conversions(1, 2), minute=3)
    home.land("impressions_4.csv", b"", minute=4)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in folders after an ingest."""
    home = Home(tmp_path_factory.mktemp("here"))
    land_several(home)
    home.ingest()
    return home


@pytest.mark.parametrize("folders", [(), ("LANDING",), ("ARCHIVE",)])
def test_a_bucket_ends_as_folders_do(bucket: Bucket, tmp_path: Path, here: Home, folders: tuple[str, ...]) -> None:
    there = EngineHome(tmp_path, bucket, folders)
    land_several(there)
    there.ingest()
    assert there.state() == here.state()
    assert there.archived() == here.archived()
    assert there.landed() == here.landed() == []


def test_times_are_cut_to_seconds_and_the_name_settles(stored: EngineHome) -> None:
    for name in ("clicks_1_b.csv", "clicks_1_a.csv"):
        stored.land(name, clicks(1))
    stored.ingest()
    assert stored.files("file_name, status, landed_at") == [
        ("clicks_1_a.csv", "loaded", START.replace(tzinfo=None)),
        ("clicks_1_b.csv", "duplicate_file", START.replace(tzinfo=None)),
    ]


def test_a_second_ingest_does_nothing_but_list(stored: EngineHome) -> None:
    stored.land("clicks_1.csv", clicks(1))
    stored.ingest()
    stored.bucket.server.log.clear()
    assert stored.ingest().stored == []
    scans_sources = [(r.method, r.path.rpartition("/")[2], r.query.split("&")[0]) for r in stored.bucket.server.log]
    assert scans_sources == [("GET", ".vsf-home", ""), ("GET", stored.bucket.name, "list-type=2")]


@pytest.mark.parametrize("after_load", ["archive", "keep"])
def test_a_replaced_object_of_the_same_size_and_second_is_loaded(
    bucket: Bucket, tmp_path: Path, after_load: str
) -> None:
    home = EngineHome(tmp_path, bucket, AFTER_LOAD=after_load)
    for number in (1, 2, 3):
        home.land("clicks_1.csv", clicks(number))
        home.ingest()
        assert home.ingest().stored == []
    assert home.click_ids() == [1, 2, 3]
    assert sorted(home.archived().values()) == [clicks(1), clicks(2), clicks(3)]
    assert home.landed() == (["clicks_1.csv"] if after_load == "keep" else [])


def test_kept_objects_are_not_fetched_again(bucket: Bucket, tmp_path: Path) -> None:
    home = EngineHome(tmp_path, bucket, AFTER_LOAD="keep")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    bucket.server.log.clear()
    home.ingest()
    fetched = [r.path for r in bucket.server.log if r.method == "GET" and "list-type" not in r.query]
    assert [path for path in fetched if not path.endswith("/.vsf-home")] == []
    (tmp_path / "cache" / "kept-objects.json").unlink()
    home.ingest()
    assert home.landed() == ["clicks_1.csv"]
    assert home.files("status") == [("loaded",)]


def test_an_object_that_is_replaced_between_the_transaction_and_the_archive_stays(
    stored: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_file = filing.archive_file

    def replace_first(*args: object) -> bool:
        stored.land("clicks_1.csv", clicks(2))
        return archive_file(*args)

    stored.land("clicks_1.csv", clicks(1))
    with monkeypatch.context() as patch:
        patch.setattr(filing, "archive_file", replace_first)
        report = stored.ingest()
    assert [path for path, _ in report.left] == ["clicks_1.csv"]
    assert stored.landed() == ["clicks_1.csv"]
    stored.ingest()
    assert stored.click_ids() == [1, 2]
    assert clicks(2) in stored.archived().values()


def test_an_original_that_differs_in_the_archive_is_never_overwritten(stored: EngineHome) -> None:
    stored.land("clicks_1.csv", clicks(1))
    stored.ingest()
    (path,) = stored.archived()
    stored.bucket.put(f"archive/{path}", "damaged")
    stored.land("clicks_1.csv", clicks(1))
    report = stored.ingest()
    assert "is damaged" in report.failed[0][1]
    assert stored.landed() == ["clicks_1.csv"]
    assert stored.archived() == {path: b"damaged"}


def test_without_originals_delete_notes_it_and_an_empty_warehouse_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    home = EngineHome(tmp_path, bucket, AFTER_LOAD="delete")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    assert [path.endswith(".not-kept") for path in home.archived()] == [True]
    with pytest.raises(VsfError, match="vsf rebuild"):
        EngineHome(tmp_path / "new", bucket, ("LANDING",)).ingest()


def test_three_ingests_at_once_end_as_one(bucket: Bucket, tmp_path: Path) -> None:
    combined, alone = EngineHome(tmp_path / "together", bucket), Home(tmp_path / "alone")
    for home in (combined, alone):
        for number in range(12):
            home.land(f"{number % 4 + 1}/clicks_{number}.csv", clicks(number % 7, number % 4), number)
    job = {"home": str(combined.root), "variables": combined.places}
    assert run_children([job] * 3, at_once=True) == [0, 0, 0]
    alone.ingest()
    assert combined.state() == alone.state()
    assert combined.archived() == alone.archived()
    assert combined.landed() == []


def test_landing_uploads_once_and_never_replaces(stored: EngineHome, tmp_path: Path) -> None:
    source = tmp_path / "clicks_1.csv"
    source.write_bytes(clicks(1))
    assert land_file(stored.settings.landing, source, "clicks/1/clicks_1.csv")
    assert not land_file(stored.settings.landing, source, "clicks/1/clicks_1.csv")
    source.write_bytes(clicks(2))
    with pytest.raises(UsageError, match="pending with other content"):
        land_file(stored.settings.landing, source, "clicks/1/clicks_1.csv")
    assert stored.bucket.get("landing/clicks/1/clicks_1.csv") == clicks(1)
    stored.ingest()
    ((landed_at,),) = stored.files("landed_at")
    assert abs(landed_at.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)


def test_landing_does_not_replace_what_comes_this_instant(stored: EngineHome, tmp_path: Path) -> None:
    source = tmp_path / "clicks_1.csv"
    source.write_bytes(clicks(1))
    came = stored.bucket.server.fail(
        "act", method="PUT", path="clicks_1.csv", times=1, action=lambda: _come(stored, clicks(2))
    )
    with pytest.raises(UsageError, match="pending with other content"):
        land_file(stored.settings.landing, source, "clicks_1.csv")
    assert came.hits == 1
    assert stored.bucket.get("landing/clicks_1.csv") == clicks(2)


def _come(home: EngineHome, content: bytes) -> None:
    """Put an object in from inside the server, in the middle of another request."""
    from moto.s3.models import FakeKey

    keys = home.bucket.server.inside(home.bucket.name).keys
    keys["landing/clicks_1.csv"] = FakeKey(
        "landing/clicks_1.csv", content, account_id="123456789012", region_name="us-east-1"
    )
