"""The catalog's sensor: one run for a source that changed, never a fetch, and no run for what nobody can read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from vsf_assets.catalog.model.plan import Unseen
from vsf_assets.config.settings import read_settings
from vsf_assets.defs.backoff import RunHistory
from vsf_assets.defs.catalog_sensor import SourceCursor, digest_of, read_cursor, skip_reason_for, source_sensor
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.marts import SNAPSHOT
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.catalog.homes import records, serve_songs
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs
from vsf_assets_tests.servers import Served, http_server

IDLE = RunHistory(active=False, failures=0, idle_seconds=1e9)


@pytest.fixture
def served(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr("vsf_assets.defs.catalog_sensor.NETWORK_SECONDS", 0)
    with http_server() as served:
        serve_songs(served, 3)
        home.path.mkdir(parents=True, exist_ok=True)
        (home.path / "sources.toml").write_text(f"[there]\naddress = '{served.address}'\nattempts = 2\n")
        monkeypatch.setenv("VSF_SOURCES", str(home.path / "sources.toml"))
        monkeypatch.setenv("VSF_PROFILE", "there")
        yield served


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(source_sensor("catalog", [SNAPSHOT]), instance, cursor)


def reason(result: Any) -> str:
    return result.skip_reason.skip_message if result.skip_reason else ""


def test_a_digest_changes_with_the_list_and_with_any_state() -> None:
    states = {"a": "1", "b": None, "c": Unseen("500")}
    digests = {
        digest_of("p", "list", states),
        digest_of("q", "list", states),
        digest_of("p", "other", states),
        digest_of("p", "list", {**states, "a": "2"}),
        digest_of("p", "list", {**states, "b": "1"}),
    }
    assert len(digests) == 5
    assert digest_of("p", "list", states) == digest_of("p", "list", dict(reversed(states.items())))


@pytest.mark.parametrize("cursor", [None, "", "garbage", "[]", '{"digest": 1}', '{"digest": "x", "is_done": 1}'])
def test_a_lost_or_broken_cursor_only_costs_a_look(cursor: str | None) -> None:
    assert read_cursor(cursor) == SourceCursor()


def test_what_failed_rests_and_what_changed_since_does_not_wait() -> None:
    failing = replace(IDLE, failures=2, idle_seconds=3)
    assert skip_reason_for("now", SourceCursor("before"), failing) is None
    assert "pause of" in (skip_reason_for("same", SourceCursor("same"), failing) or "")
    assert "PAUSED" in (skip_reason_for("same", SourceCursor("same"), replace(IDLE, failures=5)) or "")
    assert skip_reason_for("same", SourceCursor("same"), replace(failing, idle_seconds=1e9)) is None
    stopped = replace(IDLE, is_stopped=True)
    assert "a person stopped" in (skip_reason_for("same", SourceCursor("same"), stopped) or "")
    assert skip_reason_for("now", SourceCursor("before"), stopped) is None
    assert "still runs" in (skip_reason_for("now", SourceCursor("before"), replace(IDLE, active=True)) or "")


def test_one_run_fetches_and_then_nothing_is_due_until_something_changes(
    served: Served, instance: dg.DagsterInstance
) -> None:
    first = tick(instance)
    (request,) = first.run_requests
    assert served.transfers() == ["files_list.data"]  # a sensor fetches nothing else
    good, _ = instances.ingested(instance, request)
    assert good
    quiet = tick(instance, first.cursor)
    assert "is loaded" in reason(quiet)
    assert "nothing changed" in reason(tick(instance, quiet.cursor))
    served.put("01.data", records("changed"))
    again = tick(instance, quiet.cursor)
    assert again.run_requests
    assert not tick(instance).skip_reason  # without a cursor the same
    assert len(again.cursor) < 200


def test_a_materialization_tells_of_the_look(served: Served, instance: dg.DagsterInstance) -> None:
    run_job(loaded_defs(), instance, "ingest_catalog")
    for table, rows in (("songs", 6), ("catalog_looks", 3), ("catalog_list", 3)):
        event = instance.get_latest_materialization_event(dg.AssetKey(["raw", table]))
        assert event is not None
        assert event.asset_materialization is not None
        reported = {name: value.value for name, value in event.asset_materialization.metadata.items()}
        assert reported["dagster/row_count"] == rows
        assert (reported["objects_listed"], reported["objects_fetched"], reported["objects_failed"]) == (3, 3, 0)
        assert reported["bytes_transferred"] == sum(map(len, served.objects.values()))
    assert instance.get_latest_materialization_event(dg.AssetKey(["raw", "movies"])) is not None


def test_an_unreachable_source_is_a_skip_with_the_reason(served: Served, instance: dg.DagsterInstance) -> None:
    served.fault = lambda *_: "403"
    result = tick(instance)
    assert not result.run_requests
    assert "cannot be read" in reason(result)
    assert "access is refused" in reason(result)


def test_a_folder_in_the_landing_zone_is_noticed_when_it_is_stable(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no list" in reason(tick(instance))
    home.drop({"catalog/a.data": records("a"), "catalog/files_list.data": "a.data\n"})
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "30")
    assert "not stable yet" in reason(tick(instance))
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    assert tick(instance).run_requests


def test_a_sensor_waits_for_nobody_who_holds_the_warehouse(served: Served, instance: dg.DagsterInstance) -> None:
    run_job(loaded_defs(), instance, "ingest_catalog")
    served.put("01.data", records("changed"))
    with Warehouse.of(read_settings()).lock("a long build"):
        assert "in use" in reason(tick(instance))
