"""Fetching over plain HTTP: only what is due is transferred, and what goes wrong is mended or told."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets_tests.catalog.fetched import Fetcher, profile_of
from vsf_assets_tests.servers import Served, http_server


@pytest.fixture
def served() -> Iterator[Served]:
    with http_server() as served:
        for name in ("a.data", "b.data", "c d/é?.data"):
            served.put(name, name.encode() * 10)
        served.put_list("a.data", "b.data", "c d/é?.data")
        yield served


@pytest.fixture
def fetcher(tmp_path: Path, served: Served) -> Fetcher:
    return Fetcher(tmp_path / "home", profile_of(served.address))


def on(method: str, name: str, what: str, first: int = 0, last: int = 1 << 30):  # type: ignore[no-untyped-def]
    """Return a fault that strikes some requests for an object."""
    calls = 0

    def fault(_: int, requested: str, requested_name: str) -> str:
        nonlocal calls
        if (requested, requested_name) != (method, name):
            return ""
        calls += 1
        return what if first < calls <= last else ""

    return fault


def everything(served: Served) -> list[tuple[str, bytes]]:
    return sorted((name, content) for name, content in served.objects.items() if name != "files_list.data")


@pytest.mark.parametrize("validators", ["etag", "modified"])
def test_only_the_list_and_what_is_new_is_transferred(served: Served, fetcher: Fetcher, validators: str) -> None:
    served.validators = validators
    report = fetcher.round()
    assert (report.changed, len(report.fetched), report.failed) == (3, 3, {})
    assert fetcher.objects() == everything(served)
    assert served.transfers() == ["a.data", "b.data", "c d/é?.data", "files_list.data"]
    fetcher.round()
    assert fetcher.taken == []
    assert served.transfers() == ["files_list.data"]
    served.put("new.data", b"new")
    served.put("b.data", b"other")
    served.put_list("new.data", "a.data", "b.data")
    fetcher.round()
    assert fetcher.objects() == [("b.data", b"other"), ("new.data", b"new")]
    assert served.transfers() == ["b.data", "files_list.data", "new.data"]


@pytest.mark.parametrize("answers_head", [True, False])
def test_a_server_without_validators_is_read_and_compared(served: Served, fetcher: Fetcher, answers_head: bool) -> None:
    served.validators, served.answers_head = "none", answers_head
    fetcher.round()
    assert fetcher.objects() == everything(served)
    before = dict(fetcher.known)
    report = fetcher.round()
    assert (report.compared, fetcher.taken) == (3, [])
    served.put("b.data", b"other")
    report = fetcher.round()
    assert report.changed == 1
    assert fetcher.objects() == [("b.data", b"other")]
    assert fetcher.known["b.data"].at > before["b.data"].at
    assert fetcher.known["a.data"] == before["a.data"]


def test_what_is_gone_is_recorded_and_no_failure_and_comes_back(served: Served, fetcher: Fetcher) -> None:
    fetcher.round()
    fetcher.objects()
    gone = served.objects.pop("a.data")
    report = fetcher.round()
    assert (report.vanished, report.failed, fetcher.objects()) == (1, {}, [])
    assert fetcher.known["a.data"].state is None
    served.objects["a.data"] = gone
    fetcher.round()
    assert fetcher.objects() == [("a.data", gone)]


@pytest.mark.parametrize("fault", ["500", "503", "429", "reset", "cut", "stall"])
def test_a_failure_that_passes_is_tried_again(served: Served, fetcher: Fetcher, fault: str) -> None:
    served.fault = on("GET", "b.data", fault, last=2)
    report = fetcher.round()
    assert report.failed == {}
    assert fetcher.objects() == everything(served)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("500", "500 Internal Server Error (4 attempts)"),
        ("403", "access is refused; look at sources.toml: profile default: address"),
        ("400", "400"),
        ("cut", "it was cut"),
        ("reset", "the connection failed"),
        ("stall", "did not answer in time (read_timeout)"),
        ("429 60", "429 Too Many Requests (1 attempt)"),
    ],
)
def test_one_object_that_fails_is_told_and_taken_again_at_its_place(
    served: Served, fetcher: Fetcher, fault: str, says: str
) -> None:
    served.fault = on("GET", "b.data", fault)
    fetcher.profile = profile_of(served.address, object_timeout=60.0)  # on a busy machine all attempts stay within it
    report = fetcher.round()
    assert list(report.failed) == ["catalog/default/b.data"]
    assert says in report.failed["catalog/default/b.data"]
    assert [name for name, _ in fetcher.objects()] == ["a.data", "c d/é?.data"]
    first_seen = fetcher.known["b.data"]
    served.fault = lambda *_: ""
    assert fetcher.round().failed == {}
    ((_, name, landed_at, _),) = fetcher.taken
    assert (name, landed_at) == ("b.data", first_seen.at)


def test_an_object_that_could_not_be_looked_at_is_fetched_all_the_same(served: Served, fetcher: Fetcher) -> None:
    first_get, scans_sources = on("GET", "b.data", "500", last=1), on("HEAD", "b.data", "500", last=4)
    served.fault = lambda *requested: first_get(*requested) or scans_sources(*requested)
    assert fetcher.round().failed == {}
    assert fetcher.objects() == everything(served)
    assert fetcher.known["b.data"].state == "unknown"
    served.transfers()
    fetcher.round()
    assert served.transfers() == ["files_list.data"]
    (fetcher.home / "cache" / "states-default.json").write_text("lost")
    for expected in (["b.data", "files_list.data"], ["files_list.data"]):
        fetcher.round()
        assert served.transfers() == expected
    assert fetcher.taken == []


def test_a_retry_after_is_honoured(served: Served, fetcher: Fetcher) -> None:
    served.fault = on("GET", "b.data", "503 1", last=1)
    started = time.monotonic()
    assert fetcher.round().failed == {}
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("fault", ["trickle", "slow"])
def test_a_trickle_ends_with_the_time_of_the_object(served: Served, tmp_path: Path, fault: str) -> None:
    fetcher = Fetcher(tmp_path / "home", profile_of(served.address, object_timeout=1.0))
    served.put("b.data", b"x" * 10_000)
    served.fault = on("GET", "b.data", fault)
    started = time.monotonic()
    report = fetcher.round()
    assert time.monotonic() - started < 4
    assert "it took longer than 1 s" in report.failed["catalog/default/b.data"]


def test_the_list_that_cannot_be_read_is_told_with_the_setting(served: Served, fetcher: Fetcher) -> None:
    served.fault = on("GET", "files_list.data", "500")
    ((where, why),) = fetcher.round().failed.items()
    assert where == f"{served.address}/files_list.data"
    assert "500 Internal Server Error (4 attempts) (sources.toml: profile default: address)" in why
    served.fault = lambda *_: ""
    del served.objects["files_list.data"]
    ((_, why),) = fetcher.round().failed.items()
    assert "is not there; look at sources.toml: profile default: list" in why
    fetcher.profile = profile_of("http://127.0.0.1:9")
    ((_, why),) = fetcher.round().failed.items()
    assert "the server cannot be reached" in why
    assert fetcher.taken == []


def test_an_object_replaced_after_the_look_waits_for_the_next_one(served: Served, fetcher: Fetcher) -> None:
    first_get = on("GET", "b.data", "500", last=1)

    def replace_it(number: int, method: str, name: str) -> str:
        fault: str = first_get(number, method, name)
        if (method, name) == ("GET", "b.data") and not fault:
            served.objects["b.data"] = b"newer"
        return fault

    served.fault = replace_it
    report = fetcher.round()
    assert (report.failed, report.replaced) == ({}, {"b.data"})
    fetcher.objects()
    fetcher.round()
    assert fetcher.objects() == [("b.data", b"newer")]


def test_an_object_that_goes_after_the_look_is_told_gone(served: Served, fetcher: Fetcher) -> None:
    served.answers_head = False
    del served.objects["b.data"]
    report = fetcher.round()
    assert (report.failed, report.gone) == ({}, {"b.data"})
    report = fetcher.round(gone=report.gone)
    assert (report.failed, report.vanished) == ({}, 1)


def test_force_transfers_everything_and_only_a_difference_is_a_new_state(served: Served, fetcher: Fetcher) -> None:
    fetcher.round()
    fetcher.objects(), served.transfers()
    report = fetcher.round(force=True)
    assert served.transfers() == ["a.data", "b.data", "c d/é?.data", "files_list.data"]
    assert (fetcher.taken, report.compared) == ([], 3)


def test_an_object_over_the_bound_is_refused(served: Served, tmp_path: Path) -> None:
    fetcher = Fetcher(tmp_path / "home", profile_of(served.address, max_object_mb=1))
    served.put("b.data", b"x" * ((1 << 20) + 1))
    report = fetcher.round()
    assert "raise sources.toml: profile default: max_object_mb" in report.failed["catalog/default/b.data"]


def test_objects_come_many_at_once(served: Served, fetcher: Fetcher) -> None:
    names = [f"n{number}.data" for number in range(48)]
    for name in names:
        served.put(name, b"[]")
    served.put_list(*names)
    served.latency = 0.1
    started = time.monotonic()
    assert len(fetcher.round().fetched) == 48
    assert time.monotonic() - started < 2.5  # 97 requests, one after another, take ten seconds


def test_a_name_of_a_megabyte_is_shown_shortly_and_holds_no_other_back(served: Served, fetcher: Fetcher) -> None:
    served.put_list("n" * 1_000_000, "a.data")
    report = fetcher.round()
    assert [name for name, _ in fetcher.objects()] == ["a.data"]
    assert sum(len(name) + len(why) for name, why in report.failed.items()) < 2000
    (name,) = report.failed
    assert name.endswith("… (1,000,016 characters)")  # catalog/default/ and the name
