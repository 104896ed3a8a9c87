"""Sensors: decisions as pure functions, ticks against a real folder, automation, dead runs."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import dagster as dg
import pytest

from vsf_assets.defs.backoff import PAUSE_AFTER, RunHistory, backoff_reason, history_of
from vsf_assets.defs.landing_sensors import landing_sensor, read_listing
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.marts import BUILD_JOB, SNAPSHOT
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.defs.run_reaper import process_tags, reap
from vsf_assets.warehouse import contract_versions as versions
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
S = dg.DagsterRunStatus


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (RunHistory(active=False, failures=0, idle_seconds=0), None),
        (RunHistory(active=True, failures=0, idle_seconds=0), "still runs"),
        (RunHistory(active=False, failures=1, idle_seconds=9), "pause of 10 s"),
        (RunHistory(active=False, failures=1, idle_seconds=10), None),
        (RunHistory(active=False, failures=5, idle_seconds=9999), "PAUSED after 5"),
    ],
)
def test_a_sensor_holds_back_while_a_batch_runs_and_rests_after_failures(history: RunHistory, says: str | None) -> None:
    reason = backoff_reason(history)
    assert reason is None if says is None else says in (reason or "")


def test_failures_count_in_a_row_from_the_newest() -> None:
    runs = [(S.FAILURE, 90.0), (S.FAILURE, 80.0), (S.SUCCESS, 70.0), (S.FAILURE, 60.0)]
    assert history_of(runs, 100.0) == RunHistory(active=False, failures=2, idle_seconds=10.0)
    assert history_of([(S.STARTED, None), *runs], 100.0).active
    assert history_of([], 100.0).failures == 0
    stopped = [(S.CANCELED, 95.0), (S.FAILURE, 90.0), (S.CANCELED, 85.0), (S.FAILURE, 80.0), (S.SUCCESS, 70.0)]
    assert history_of(stopped, 100.0).failures == 2, "what a person stopped counts for nobody"


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("campaigns"), instance, cursor)


def test_a_file_is_requested_once_two_looks_agree(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.2")
    assert isinstance(tick(instance), dg.SkipReason)
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS, "x.tmp": "half", "notes.txt": "unknown"})
    first = tick(instance)
    assert not first.run_requests
    time.sleep(0.25)
    second = tick(instance, first.cursor)
    (request,) = second.run_requests
    config = request.run_config["ops"]["campaigns_files"]["config"]
    assert sorted(config["listing"]) == ["clicks_1.csv", "clicks_2.csv"]
    assert len(second.cursor) < 1000


def test_a_file_that_two_feeds_claim_is_left_and_named_by_the_sensors_of_both(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    home.drop({"clicks_events_1.csv": CLICKS})
    says = "nothing is pending; clicks_events_1.csv: its name is one of clicks and events; put it into the folder"
    for family in ("campaigns", "mobile"):
        assert instances.tick(landing_sensor(family), instance, None).skip_message.startswith(says)
    assert instances.tick(landing_sensor("mobile_states"), instance, None).skip_message == "nothing is pending"
    home.drop({"clicks/clicks_events_1.csv": CLICKS})
    (request,) = tick(instance).run_requests
    assert list(request.run_config["ops"]["campaigns_files"]["config"]["listing"]) == ["clicks/clicks_events_1.csv"]


def test_ticks_more_often_than_the_settle_time_still_find_a_file_stable(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.6")
    home.drop({"clicks_1.csv": CLICKS})
    cursor, requests = None, []
    for _ in range(5):
        result = tick(instance, cursor)
        cursor, requests = result.cursor, requests + (result.run_requests or [])
        time.sleep(0.2)
    assert requests


def test_a_growing_file_waits(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.1")
    home.drop({"clicks_1.csv": CLICKS})
    first = tick(instance)
    time.sleep(0.15)
    home.drop({"clicks_1.csv": CLICKS + "4,5,6\n"})
    assert not tick(instance, first.cursor).run_requests


def test_a_file_that_somebody_has_open_for_writing_waits_and_the_others_do_not(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    home.drop({"clicks_1.csv": CLICKS})
    with (home.landing / "clicks_1.csv").open("ab"):
        alone = tick(instance)
        assert not alone.run_requests
        assert alone.skip_reason.skip_message == (
            "1 files are not stable yet; another process has 1 of them open for writing"
        )
        home.drop({"clicks_2.csv": CLICKS})
        (request,) = tick(instance, alone.cursor).run_requests
    assert list(request.run_config["ops"]["campaigns_files"]["config"]["listing"]) == ["clicks_2.csv"]
    (request,) = tick(instance, alone.cursor).run_requests
    assert len(request.run_config["ops"]["campaigns_files"]["config"]["listing"]) == 2


@pytest.mark.parametrize("cursor", [None, "", "garbage", "[]", '{"at": 1}', '{"at": "x", "listing": {}, "since": {}}'])
def test_a_lost_or_broken_cursor_only_costs_a_look(cursor: str | None) -> None:
    assert read_listing(cursor).entries == {}


def test_the_run_a_sensor_requests_ingests_without_waiting_again(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.2")
    home.drop({"clicks_1.csv": CLICKS})
    first = tick(instance)
    time.sleep(0.25)
    (request,) = tick(instance, first.cursor).run_requests
    good, _ = run_job(loaded_defs(), instance, "ingest_campaigns", request.run_config)
    assert good
    assert instance.get_materialized_partitions(dg.AssetKey(["raw", "clicks"])) == {"1"}


def test_automation_asks_for_one_build_after_an_ingest_and_for_none_after_a_build(
    home: Home, instance: dg.DagsterInstance
) -> None:
    definitions = loaded_defs()
    start = dg.evaluate_automation_conditions(definitions, instance)
    assert start.total_requested == 0
    home.drop({"clicks_1.csv": CLICKS})
    run_job(definitions, instance, "ingest_campaigns")
    after = dg.evaluate_automation_conditions(definitions, instance, cursor=start.cursor)
    assert {r.key for r in after.results if r.true_subset.size} == {SNAPSHOT}
    for key in (dg.AssetKey(["marts", "dim_lines"]), SNAPSHOT):  # a build, whether it publishes or fails
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
        idle = dg.evaluate_automation_conditions(definitions, instance, cursor=after.cursor)
        assert idle.total_requested == 0


def test_the_service_reads_originals_again_by_itself_and_once(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a family that fails again and again keeps neither the others nor the build waiting."""
    sensor = backstop_sensor(
        [loaded_defs().resolve_job_def(name) for name in ("ingest_campaigns", "ingest_mobile_states")]
    )
    home.drop({"clicks_1.csv": CLICKS, "lines.csv": "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"})
    home.load(checked=False)
    assert not instances.tick(sensor, instance).run_requests
    original = versions._by_feed
    mended = {"clicks": "mended", "lines": "mended"}
    monkeypatch.setattr(versions, "_by_feed", lambda settings: original(settings) | mended)
    assert not instances.tick(sensor, instance).run_requests, "it looks twice"
    (request,) = instances.tick(sensor, instance, "ingest_campaigns").run_requests
    assert request.job_name == "ingest_campaigns"
    job = loaded_defs().resolve_job_def("ingest_campaigns")
    for _ in range(PAUSE_AFTER):
        instance.create_run_for_job(job, status=S.FAILURE)
    (other,) = instances.tick(sensor, instance, "ingest_mobile_states").run_requests
    assert other.job_name == "ingest_mobile_states"
    for requested in (request, other):
        good, _ = run_job(loaded_defs(), instance, requested.job_name, requested.run_config)
        assert good
    (building,) = instances.tick(sensor, instance, BUILD_JOB).run_requests
    assert building.job_name == BUILD_JOB


def test_a_run_whose_process_is_gone_is_marked_failed(home: Home, instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    alive = {**process_tags(), "vsf/pid": str(os.getpid())}
    job = loaded_defs().resolve_job_def("ingest_campaigns")
    started = [
        instance.create_run_for_job(job, status=S.STARTED, tags=tags)
        for tags in (alive, {**alive, "vsf/pid": str(child.pid), "vsf/pid_start": "1"})
    ]
    child.kill()
    child.wait()
    assert reap(instance) == [started[1].run_id]
    assert instance.get_run_by_id(started[1].run_id).status == S.FAILURE  # type: ignore[union-attr]
    assert instance.get_run_by_id(started[0].run_id).status == S.STARTED  # type: ignore[union-attr]


def test_cursors_are_small_json(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "5")
    home.drop({f"clicks_1_{n}.csv": CLICKS for n in range(20)})
    assert set(json.loads(tick(instance).cursor)) == {"at", "etags", "listing", "since"}
