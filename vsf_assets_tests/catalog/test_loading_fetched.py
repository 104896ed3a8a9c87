"""From a source into the warehouse: a folder, plain HTTP and S3 give the same; faults change nothing in the end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.ingest.session import ingest_archive
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets_tests.catalog.homes import home_of, load, records, serve_songs, songs, tables
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.servers import Served, http_server
from vsf_assets_tests.warehouses import Home


@pytest.fixture
def served() -> Iterator[Served]:
    with http_server() as served:
        yield served


def test_the_samples_give_the_same_from_a_folder_over_http_and_from_s3(
    tmp_path: Path, samples: Path, served: Served, bucket: Bucket
) -> None:
    folder = samples / "catalog"
    served.put_folder(folder)
    for path in folder.iterdir():
        bucket.put(f"catalog/{path.name}", path.read_bytes())
    bucket.server.log.clear()
    found = []
    for place, address in (("folder", str(folder)), ("http", served.address), ("s3", bucket.address("catalog"))):
        home = home_of(tmp_path / place, address)
        report = load(home)
        assert report.failed == report.left == []
        counts = home.query(
            "select (select count(*) from raw.songs), (select count(*) from raw.movies),"
            " (select count(*) from raw.apps), sum(lines_read), sum(rows_skipped) from raw.files where feed = 'catalog'"
        )
        assert counts == [(6069, 6958, 6204, 23646, 4415)]
        assert load(home).stored == []
        found.append(tables(home))
    assert found[0] == found[1] == found[2]
    assert served.transfers() == sorted([*(p.name for p in folder.iterdir()), "files_list.data"])
    gets = [r for r in bucket.server.log if r.method == "GET" and r.path.endswith(".data")]
    assert len([r for r in gets if not r.path.endswith("list.data")]) == 12
    assert all(r.method == "GET" for r in bucket.server.log)


def test_the_list_grows_and_objects_change_and_change_back(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 3)
    home = home_of(tmp_path, served.address)
    load(home)
    served.transfers()
    first = served.objects["01.data"]
    for content, stands in ((records("x"), "x"), (first, "a1")):
        served.put("01.data", content)
        assert [row.status for row in load(home).stored] == ["loaded"] * 3
        assert served.transfers() == ["01.data", "files_list.data"]
        newest = home.query(
            "select artist_name from raw.songs join raw.files on _file_id = file_id where file_name = '01.data'"
            " qualify landed_at = max(landed_at) over () order by _line"
        )
        assert newest[0] == (stands,)
    served.put("new.data", records("n"))
    served.put_list("new.data", "00.data", "01.data", "02.data")
    load(home)
    assert served.transfers() == ["files_list.data", "new.data"]
    assert "n" in songs(home)


def test_a_truncated_object_and_a_wrong_type_hold_nothing_else_back(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 3)
    served.put("01.data", served.objects["01.data"][:-9])
    served.put("02.data", served.objects["02.data"].replace(b"2000", b'"2000"', 1))
    home = home_of(tmp_path, served.address)
    assert load(home).failed == []
    assert songs(home) == ["a0", "b0", "b2"]
    found = home.findings()
    assert [(name, anomaly) for name, _, anomaly, _ in found] == [
        ("01.data", "unreadable_file"),
        ("02.data", "invalid_value"),
    ]
    assert found[1][3] == "year"
    assert load(home).stored == []  # what is broken is not fetched again before it changes


def every_third_and_one_stalls(number: int, _: str, name: str) -> str:
    return "stall" if name == "05.data" else "500" if number % 3 == 0 else ""


def test_faults_end_within_the_time_outs_and_the_next_run_completes_what_is_missing(
    tmp_path: Path, served: Served
) -> None:
    serve_songs(served)
    smooth, bumpy = home_of(tmp_path / "smooth", served.address), home_of(tmp_path / "bumpy", served.address)
    load(smooth)
    served.fault = every_third_and_one_stalls
    started = time.monotonic()
    report = load(bumpy)
    assert time.monotonic() - started < 20
    assert "catalog/there/05.data" in dict(report.failed)
    assert "read_timeout" in dict(report.failed)["catalog/there/05.data"]
    missing = [name for name, _ in report.failed]
    assert len(songs(bumpy)) == 2 * (12 - len(missing))
    served.fault = lambda *_: ""
    assert load(bumpy).failed == []
    assert tables(bumpy) == tables(smooth)
    assert load(bumpy).stored == []


@pytest.mark.parametrize("kind", ["error", "reset", "cut"])
def test_an_s3_server_that_fails_now_and_then_is_tried_again(tmp_path: Path, bucket: Bucket, kind: str) -> None:
    for number in range(6):
        bucket.put(f"c/{number}.data", records(f"a{number}"))
    bucket.put("c/files_list.data", "\n".join(f"{number}.data" for number in range(6)))
    bucket.server.fail(kind, path="data$", every=3, times=3)
    home = home_of(tmp_path, bucket.address("c"))
    assert load(home).failed == []
    assert songs(home) == [f"a{number}" for number in range(6)]


def test_an_s3_object_that_is_replaced_or_goes_between_list_and_get(tmp_path: Path, bucket: Bucket) -> None:
    for name in ("a", "b", "c"):
        bucket.put(f"c/{name}.data", records(name))
    bucket.put("c/files_list.data", "a.data\nb.data\nc.data\n")
    bucket.server.fail("act", path="a.data", times=1, action=lambda: bucket.put("c/a.data", records("newer")))
    bucket.server.fail("act", path="b.data", times=1, action=lambda: bucket.delete("c/b.data"))
    home = home_of(tmp_path, bucket.address("c"))
    assert load(home).failed == []
    assert songs(home) == ["c", "newer"]
    states = home.query(
        "select name, state is null from raw.catalog_looks order by _file_id in (select max(file_id)"
        " from raw.files), name, state is null"
    )
    assert ("b.data", True) in states
    assert load(home).stored == []


def test_access_that_is_refused_names_the_setting(tmp_path: Path, bucket: Bucket) -> None:
    bucket.server.fail("error", path="list.data", status=403, code="AccessDenied")
    ((where, why),) = load(home_of(tmp_path / "a", bucket.address("c"))).failed
    assert where.endswith("/c/files_list.data")
    assert "access is refused" in why
    assert "sources.toml: profile there: address" in why
    bucket.server.settle()
    ((_, why),) = load(home_of(tmp_path / "b", "s3://no-such-bucket-here/c")).failed
    assert "there is no bucket no-such-bucket-here" in why


def test_an_unreachable_source_holds_no_landed_file_back(tmp_path: Path) -> None:
    home = home_of(tmp_path, "http://127.0.0.1:9/x", attempts=2)
    home.land("clicks_1.csv", b"click_id,banner_id,campaign_id\n1,2,3\n")
    report = home.ingest(feeds=("clicks", "catalog_looks", "catalog_list", "catalog"))
    assert [row.feed for row in report.stored] == ["clicks"]
    assert len(report.failed) == 1


def test_a_partition_chooses_no_look(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 1)
    home = home_of(tmp_path, served.address)
    home.ingest(feeds=("clicks", "catalog_looks", "catalog_list", "catalog"), partitions=["1"])
    assert served.log == []


def test_force_reads_again_in_place_and_loads_only_what_differs(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 3)
    home = home_of(tmp_path, served.address)
    load(home)
    before = tables(home)
    assert len(load(home, reload="all").stored) == 5
    assert tables(home) == before


def test_originals_that_are_kept_leave_the_inbox(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 3)
    (tmp_path / "sources.toml").write_text(f"[there]\naddress = '{served.address}'\n")
    home = Home(tmp_path, SOURCES=str(tmp_path / "sources.toml"), PROFILE="there", AFTER_LOAD="keep")
    load(home)
    assert list(home.settings.fetched.rglob("*.data")) == []
    home.assert_originals_are_kept()


def test_a_state_that_could_not_be_archived_is_not_replaced_by_the_next_one(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_songs(served, 2)
    home = home_of(tmp_path, served.address)
    with monkeypatch.context() as patch:
        patch.setattr(filing, "archive_file", _throttled)
        assert len(load(home).failed) == 4
        served.put("00.data", records("newer"))
        load(home)
    load(home)
    home.assert_originals_are_kept()
    assert len(home.query("select 1 from raw.files where file_name = '00.data'")) == 2


def test_a_state_that_could_not_be_read_is_loaded_in_its_place_beside_the_next_one(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_songs(served, 1)
    home = home_of(tmp_path, served.address)
    read = batches.read_one_file

    def no_object(input_file: Any, *rest: Any) -> Any:
        if input_file.feed.name == "catalog":
            raise OSError("the disk does not answer")
        return read(input_file, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "read_one_file", no_object)
        load(home)
        served.put("00.data", records("newer"))
        load(home)
    load(home)
    assert songs(home) == ["a0", "b0", "newer"]
    home.assert_originals_are_kept()


def test_what_was_fetched_is_archived_whatever_becomes_of_landed_files(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 1)
    (tmp_path / "sources.toml").write_text(f"[there]\naddress = '{served.address}'\n")
    home = Home(tmp_path, SOURCES=str(tmp_path / "sources.toml"), PROFILE="there", AFTER_LOAD="delete")
    load(home)
    home.assert_originals_are_kept()


def test_objects_of_a_profile_that_is_gone_from_the_settings_stay_as_they_were_read(
    tmp_path: Path, served: Served
) -> None:
    served.put("x.data", records("Édith").decode("unicode_escape").encode("latin-1"))
    served.put_list("x.data")
    home = home_of(tmp_path, served.address, encoding="latin-1")
    load(home)
    assert songs(home) == ["Édith"]
    (tmp_path / "sources.toml").write_text(f"[other]\naddress = '{served.address}/nothing'\n")
    later = Home(tmp_path, SOURCES=str(tmp_path / "sources.toml"), PROFILE="other")
    load(later)
    assert songs(later) == ["Édith"]
    with pytest.raises(VsfError, match=r"there, which are not in sources\.toml"):
        ingest_archive(later.warehouse, "test")


def _throttled(*_: Any, **__: Any) -> bool:
    raise ObjectStoreError("throttled")


def test_a_list_that_is_a_sign_in_page_is_refused_and_leaves_no_record(tmp_path: Path, served: Served) -> None:
    serve_songs(served, 2)
    home = home_of(tmp_path, served.address)
    load(home)
    before = tables(home)
    names = served.objects["files_list.data"]
    served.put("files_list.data", b"<!DOCTYPE html>\n<html>\n<body>Please sign in</body>\n</html>\n")
    ((where, why),) = load(home).failed
    assert where.endswith("files_list.data")
    assert "is an HTML page, not a list of names" in why
    assert "profile there: address" in why
    assert tables(home) == before
    served.put("files_list.data", names)
    assert load(home).failed == []
