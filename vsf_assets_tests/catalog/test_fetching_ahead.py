"""New objects of a web server come with their states: fetched before the look is recorded, or the ordinary way."""

import pytest

from vsf_assets_tests.catalog.fetched import Fetcher, profile_of
from vsf_assets_tests.catalog.test_http_source import everything, fetcher, on, served
from vsf_assets_tests.servers import Served

__all__ = ["fetcher", "served"]


def test_new_objects_are_not_asked_for_their_state(served: Served, fetcher: Fetcher) -> None:
    fetcher.round()
    assert [name for method, name, _, _ in served.log if method == "HEAD"] == []
    assert fetcher.known["b.data"].state == '"2f18a5301a4ccecf4033288341e8e8c5"'
    served.transfers()
    served.put("new.data", b"new")
    served.put_list("new.data", "a.data", "b.data")
    fetcher.round()
    assert sorted(name for method, name, _, _ in served.log if method == "HEAD") == ["a.data", "b.data"]
    assert served.transfers() == ["files_list.data", "new.data"]


def test_the_state_of_new_objects_is_asked_for_where_head_may_tell_another(served: Served, fetcher: Fetcher) -> None:
    served.validators = "modified"
    fetcher.round()
    heads = sorted(name for method, name, _, _ in served.log if method == "HEAD")
    assert heads == ["a.data", "b.data", "c d/é?.data"]
    assert served.transfers() == ["a.data", "b.data", "c d/é?.data", "files_list.data"]


def test_what_is_fetched_before_the_look_is_recorded_is_bounded(
    served: Served, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsf_assets.catalog.fetch.AHEAD_BYTES", 0)
    fetcher.profile = profile_of(served.address, connections=1)
    fetcher.round()
    # One after the other: the first comes whole, then the bound is passed.
    assert [name for method, name, _, _ in served.log if method == "HEAD"] == ["b.data", "c d/é?.data"]
    assert fetcher.objects() == everything(served)
    assert served.transfers() == ["a.data", "b.data", "c d/é?.data", "files_list.data"]


def test_after_a_failure_nothing_more_is_fetched_before_the_look(served: Served, fetcher: Fetcher) -> None:
    fetcher.profile = profile_of(served.address, connections=1)
    served.fault = on("GET", "a.data", "500", last=1)
    assert fetcher.round().failed == {}
    requested = [(method, name) for method, name, _, _ in served.log]
    assert requested.index(("HEAD", "a.data")) == requested.index(("GET", "a.data")) + 1
    assert fetcher.objects() == everything(served)
    assert list((fetcher.home / "fetched" / ".half").iterdir()) == []


def test_new_objects_that_are_not_there_are_vanished(served: Served, fetcher: Fetcher) -> None:
    served.put_list("a.data", "none.data", "b.data")
    report = fetcher.round()
    assert (report.vanished, report.failed) == (1, {})
    assert fetcher.known["none.data"].state is None
    assert [name for name, _ in fetcher.objects()] == ["a.data", "b.data"]
