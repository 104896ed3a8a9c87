"""Sensors: decisions as pure functions, ticks against a real folder, automation, dead runs."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from vsf_assets.common.errors import VsfError, WarehouseUnavailableError
from vsf_assets.defs.backoff import (
    LONGEST_PAUSE,
    PAUSE_AFTER,
    RunHistory,
    RunOutcome,
    backoff_reason,
    history_of,
    history_of_job,
)
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.landing_sensors import landing_sensor, read_listing
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.outages import is_outage
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.defs.run_reaper import reap
from vsf_assets.landing.land_file import land_file
from vsf_assets.resources.dagster_private import HIDDEN_TAG_PREFIX
from vsf_assets.resources.run_process import PID, PID_START, process_tags
from vsf_assets.resources.run_tags import BASIS, BUILDS, INGESTS, REFUSED, STOPPED, WRITER
from vsf_assets.storage.s3_client import ObjectRefusedError, ObjectStoreError
from vsf_assets.warehouse import contract_versions as versions
from vsf_assets_tests import instances
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.instances import ingested, loaded_defs

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
OPENED = event("11111111-1111-4111-8111-111111111111", "2019-05-20 10:00:00.123", session_id="-1", mdn="2125550100")
S = dg.DagsterRunStatus


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (RunHistory(active=False, failures=0, idle_seconds=0), None),
        (RunHistory(active=True, failures=0, idle_seconds=0), "still runs"),
        (RunHistory(active=False, failures=1, idle_seconds=9), "pause of 10 s"),
        (RunHistory(active=False, failures=1, idle_seconds=10), None),
        (RunHistory(active=False, failures=5, idle_seconds=9999), "PAUSED after 5"),
        (RunHistory(active=False, failures=5, idle_seconds=159, outages=1), "needs was not available; the next run"),
        (RunHistory(active=False, failures=99, idle_seconds=LONGEST_PAUSE, outages=95), None),
        (RunHistory(active=False, failures=99, idle_seconds=9999, outages=94), "PAUSED"),
    ],
)
def test_a_sensor_holds_back_while_a_batch_runs_and_rests_after_failures(history: RunHistory, says: str | None) -> None:
    reason = backoff_reason(history)
    assert reason is None if says is None else says in (reason or "")


def test_failures_count_in_a_row_from_the_newest() -> None:
    ended = ((S.FAILURE, 90.0), (S.FAILURE, 80.0), (S.SUCCESS, 70.0), (S.FAILURE, 60.0))
    runs = [RunOutcome(*each) for each in ended]
    assert history_of(runs, 100.0) == RunHistory(active=False, failures=2, idle_seconds=10.0)
    assert history_of([RunOutcome(S.STARTED, None), *runs], 100.0).active
    assert history_of([], 100.0).failures == 0
    stopped = [RunOutcome(S.CANCELED, 95.0), runs[0], RunOutcome(S.CANCELED, 85.0), *runs[1:]]
    assert history_of(stopped, 100.0).failures == 2, "what a person stopped counts for nobody"


def test_runs_that_fail_together_are_one_failure() -> None:
    """With several runs at once, one outage ends all of them; five of these are not five failures in a row."""
    outage = [RunOutcome(S.FAILURE, 30.0 + n, created=10.0 + n, is_outage=n == 2) for n in reversed(range(8))]
    before = [RunOutcome(S.FAILURE, 9.0, created=1.0), RunOutcome(S.FAILURE, 8.0, created=2.0)]
    assert history_of([*outage, *before], 50.0) == RunHistory(active=False, failures=2, idle_seconds=13.0, outages=1)
    one_by_one = [RunOutcome(S.FAILURE, 10.0 * n + 5, created=10.0 * n) for n in reversed(range(8))]
    assert history_of(one_by_one, 99.0).failures == 8


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (ObjectStoreError("the bucket cannot be reached"), True),
        (ObjectRefusedError("access to this object is denied"), False),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (duckdb.IOException("IO Error: Could not connect to server"), True),
        (duckdb.BinderException("Binder Error: no column x"), False),
        (VsfError("the archive holds originals"), False),
    ],
)
def test_an_outage_is_told_from_what_files_cause(error: Exception, is_one: bool) -> None:
    assert is_outage(error) == is_one
    try:
        raise VsfError("a step failed") from error
    except VsfError as wrapped:
        assert is_outage(wrapped) == is_one


def test_a_run_that_an_outage_ends_is_marked(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise WarehouseUnavailableError("the database is shut down")

    monkeypatch.setattr("vsf_assets.defs.ingest_step.ingest", fail)
    assert not run_job(loaded_defs(), instance, "ingest_campaigns")[0]
    history = history_of_job(instance, "ingest_campaigns")
    assert (history.failures, history.outages) == (1, 1)


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, cursor)


def test_a_new_file_begins_a_run_that_waits_for_it(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run starts while the file settles; a file that is left by that run is requested when it is settled."""
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.2")
    assert isinstance(tick(instance), dg.SkipReason)
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS, "x.tmp": "half", "notes.txt": "unknown"})
    first = tick(instance)
    (early,) = first.run_requests
    assert sorted(instances.load_of(early)["listing"]) == ["clicks_1.csv", "clicks_2.csv"]
    assert instances.load_of(early)["patience"] == pytest.approx(0.3)
    again = tick(instance, first.cursor)
    assert not again.run_requests, "a file begins one run"
    time.sleep(0.25)
    second = tick(instance, again.cursor)
    (request,) = second.run_requests
    assert sorted(instances.load_of(request)["listing"]) == ["clicks_1.csv", "clicks_2.csv"]
    assert instances.load_of(request)["patience"] < 0
    assert len(second.cursor) < 1000
    assert instances.ingested(instance, early)[0]
    assert instance.get_materialized_partitions(dg.AssetKey(["raw", "clicks"])) == {"1", "2"}


def test_a_run_that_was_begun_for_a_file_that_still_changes_leaves_it(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.4")
    home.drop({"clicks_1.csv": CLICKS})
    (early,) = tick(instance).run_requests
    with Appending(home.landing / "clicks_1.csv", "4,5,6\n", every=0.1):
        assert instances.ingested(instance, early)[0]
    assert not instance.get_materialized_partitions(dg.AssetKey(["raw", "clicks"]))
    assert (home.landing / "clicks_1.csv").exists()


class Appending(threading.Thread):
    """A sender that opens a file again for each line; between two lines nobody has it open."""

    def __init__(self, path: Path, line: str, every: float) -> None:
        super().__init__()
        self._path, self._line, self._every, self._over = path, line, every, threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._every):
            with self._path.open("a") as file:
                file.write(self._line)

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def test_what_the_command_landed_needs_no_wait(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "30")
    (tmp_path / "clicks_1.csv").write_text(CLICKS)
    land_file(home.landing, tmp_path / "clicks_1.csv", "clicks_1.csv")
    (request,) = tick(instance).run_requests
    assert instances.load_of(request)["patience"] < 0
    home.drop({"clicks_1.csv": CLICKS + "4,5,6\n"})  # changed afterwards, so the command's word is void
    (begun,) = tick(instance).run_requests
    assert instances.load_of(begun)["patience"] > 0


def test_the_requested_run_loads_builds_and_publishes(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    (request,) = tick(instance).run_requests
    with built_directly():
        good, run_id = run_job(loaded_defs(), instance, request.job_name, request.run_config)
    assert good
    assert home.ask("select count(*) from raw.clicks") == [(1,)]
    for table in (["raw", "clicks"], ["raw", "files"], ["snapshots", "current"]):
        made = instance.get_latest_materialization_event(dg.AssetKey(table))
        assert made is not None
        assert made.run_id == run_id
    assert instance.get_materialized_partitions(dg.AssetKey(["raw", "clicks"])) == {"1"}
    after = dg.evaluate_automation_conditions(loaded_defs(), instance)
    assert after.total_requested == 0, "the run has built what it loaded"


def test_deliveries_that_wait_for_a_run_are_published_together(home: Home, instance: dg.DagsterInstance) -> None:
    """A copy of the warehouse per delivery would take longer than the deliveries; none is lost, and the last counts."""
    home.drop({"clicks_1.csv": CLICKS})
    first = tick(instance)
    with built_directly():
        assert run_job(loaded_defs(), instance, first.run_requests[0].job_name, first.run_requests[0].run_config)[0]
    assert home.current.readlink().name == "vsf-1.duckdb"
    job = loaded_defs().resolve_job_def(first.run_requests[0].job_name)
    going_on, cursor = instance.create_run_for_job(job, status=S.STARTED, tags=process_tags()), first.cursor
    for number in (2, 3, 4, 5):
        home.drop({f"clicks_1_{number}.csv": f"click_id,banner_id,campaign_id\n{number},2,3\n"})
        waiting = tick(instance, cursor)
        assert (waiting.run_requests, waiting.skip_reason.skip_message) == ([], "the last run still runs")
        cursor = waiting.cursor
    instance.report_run_canceled(going_on)
    (request,) = tick(instance, cursor).run_requests
    assert len(instances.load_of(request)["listing"]) == 4
    with built_directly():
        assert run_job(loaded_defs(), instance, request.job_name, request.run_config)[0]
    assert home.current.readlink().name == "vsf-2.duckdb", "four deliveries, one snapshot"
    assert home.ask("select click_id from raw.clicks order by 1") == [(n,) for n in (1, 2, 3, 4, 5)]


def test_families_that_wait_are_published_together(home: Home, instance: dg.DagsterInstance) -> None:
    """The first of two runs that hold files of two families publishes both; the other has nothing left to publish."""
    home.drop({"clicks_1.csv": CLICKS, "2019-05-20_a.txt.gz": event_file(OPENED)})
    (clicks,), (events,) = (
        instances.tick(landing_sensor(family, [SNAPSHOT]), instance).run_requests for family in ("campaigns", "mobile")
    )
    assert ingested(instance, events)[0], "it waits for the build of the other run from here on"
    with built_directly():
        assert run_job(loaded_defs(), instance, clicks.job_name, clicks.run_config)[0]
        assert home.ask(
            "select (select count(*) from raw.clicks), (select count(*) from marts.fct_activity_events)"
        ) == [(1, 1)]
        assert run_job(loaded_defs(), instance, events.job_name, events.run_config)[0]
    assert home.current.readlink().name == "vsf-1.duckdb", "two families, one snapshot"


def test_a_file_that_two_feeds_claim_is_left_and_named_by_the_sensors_of_both(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    home.drop({"clicks_events_1.csv": CLICKS})
    says = "nothing is pending; clicks_events_1.csv: its name is one of clicks and events; put it into the folder"
    for family in ("campaigns", "mobile"):
        assert instances.tick(landing_sensor(family, [SNAPSHOT]), instance, None).skip_message.startswith(says)
    assert (
        instances.tick(landing_sensor("mobile_states", [SNAPSHOT]), instance, None).skip_message == "nothing is pending"
    )
    home.drop({"clicks/clicks_events_1.csv": CLICKS})
    (request,) = tick(instance).run_requests
    assert list(instances.load_of(request)["listing"]) == ["clicks/clicks_events_1.csv"]


def test_ticks_more_often_than_the_settle_time_still_find_a_file_stable(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.6")
    home.drop({"clicks_1.csv": CLICKS})
    cursor, requests = None, []
    for _ in range(5):
        result = tick(instance, cursor)
        cursor = result.cursor
        requests += [request for request in result.run_requests or [] if instances.load_of(request)["patience"] < 0]
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
    assert list(instances.load_of(request)["listing"]) == ["clicks_2.csv"]
    (request,) = tick(instance, alone.cursor).run_requests
    assert len(instances.load_of(request)["listing"]) == 2


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
    good, _ = instances.ingested(instance, request)
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


def test_the_ui_does_not_show_tags_that_are_for_the_platform() -> None:
    jobs = (loaded_defs().resolve_job_def(name) for name in ("load_and_publish_mobile", "ingest_mobile", BUILD_JOB))
    given = {name for job in jobs for name in job.tags}
    assert given == {WRITER, BUILDS, INGESTS}
    assert all(name.startswith(HIDDEN_TAG_PREFIX) for name in (*given, *process_tags(), BASIS, REFUSED, STOPPED))


def test_a_run_whose_process_is_gone_is_marked_failed(home: Home, instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    alive = {**process_tags(), PID: str(os.getpid())}
    job = loaded_defs().resolve_job_def("ingest_campaigns")
    started = [
        instance.create_run_for_job(job, status=S.STARTED, tags=tags)
        for tags in (alive, {**alive, PID: str(child.pid), PID_START: "1"})
    ]
    child.kill()
    child.wait()
    assert reap(instance) == [started[1].run_id]
    assert instance.get_run_by_id(started[1].run_id).status == S.FAILURE  # type: ignore[union-attr]
    assert instance.get_run_by_id(started[0].run_id).status == S.STARTED  # type: ignore[union-attr]


def test_cursors_are_small_json(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "5")
    home.drop({f"clicks_1_{n}.csv": CLICKS for n in range(20)})
    assert set(json.loads(tick(instance).cursor)) == {"at", "begun", "etags", "listing", "since"}
