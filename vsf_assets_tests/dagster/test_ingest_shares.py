"""The landing sensor with VSF_INGEST_RUNS: a run for each share, no file in two runs, and what a dead run held.

The runs go one after the other here, in a warehouse of one file; runs at once need a lake (lake/shared/).
"""

import json
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.ingest_shares import SHARING
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.local_runner import open_instance, run_job
from vsf_assets.landing.shares import parse_share
from vsf_assets.resources.run_tags import INGESTS, SHARE, WRITER
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

FILES = {f"clicks_{n % 4 + 1}_{n}.csv": f"click_id,banner_id,campaign_id\n{n},2,3\n" for n in range(12)}
S = dg.DagsterRunStatus


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs at once, which the settings of a warehouse of one file refuse; files are stable at once."""
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    monkeypatch.setattr(WarehouseResource, "settings", lambda _: replace(read_settings(), ingest_runs=3))


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, cursor)


def load_of(request: dg.RunRequest) -> dict[str, Any]:
    return dict(request.run_config["ops"]["campaigns_files"]["config"])


def launched(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """Record a run as the daemon does."""
    job = loaded_defs().resolve_job_def(request.job_name or "")
    tags = {**job.tags, **request.tags}
    return instance.create_run_for_job(job, run_config=request.run_config, tags=tags, status=status)


def loaded() -> list[tuple[str, int]]:
    """Return name and rows of each loaded file."""
    with Warehouse.of(read_settings()).read("test") as connection:
        assert connection is not None
        return connection.execute("select file_name, rows_loaded from raw.files order by all").fetchall()


def test_each_share_has_a_run_of_its_own(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(FILES)
    requests = tick(instance).run_requests
    assert len(requests) == 3
    listed = [path for request in requests for path in load_of(request)["listing"]]
    assert sorted(listed) == sorted(FILES)
    for request in requests:
        load = load_of(request)
        assert request.job_name == "ingest_campaigns"
        assert request.tags == {WRITER: SHARING, SHARE: load["share"], INGESTS: "campaigns"}
        assert all(map(parse_share(load["share"]).holds, load["listing"]))
        assert load["reload"] == "no"
    assert len({load_of(request)["share"] for request in requests}) == 3


def test_a_run_loads_its_share_also_of_files_that_came_later(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(dict(list(FILES.items())[:6]))
    first, *others = tick(instance).run_requests
    home.drop(FILES)
    assert run_job(loaded_defs(), instance, "ingest_campaigns", first.run_config)[0]
    held = set(filter(parse_share(load_of(first)["share"]).holds, FILES))
    assert held > set(load_of(first)["listing"]), "the test needs files of this share among the later ones"
    assert {path.name for path in home.landing.iterdir()} & set(FILES) == set(FILES) - held
    for request in others:
        assert run_job(loaded_defs(), instance, "ingest_campaigns", request.run_config)[0]
    assert not {path.name for path in home.landing.iterdir()} & set(FILES)
    assert loaded() == sorted((name, 1) for name in FILES)


def test_no_run_is_requested_for_files_that_a_run_in_flight_holds(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(FILES)
    first, second, third = tick(instance).run_requests
    launched(instance, first, S.STARTING)
    started = launched(instance, second, S.STARTED)
    (request,) = tick(instance).run_requests
    assert load_of(request)["listing"] == load_of(third)["listing"]
    launched(instance, third, S.STARTED)
    assert "still runs" in tick(instance).skip_reason.skip_message
    instance.report_run_failed(started, "its process is gone")
    again = tick(instance)
    assert "pause of 10 s" in again.skip_reason.skip_message, "failed runs make the sensor pause as ever"


def test_a_run_that_loads_everything_holds_every_share(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(FILES)
    job = loaded_defs().resolve_job_def("load_and_publish_campaigns")
    run = instance.create_run_for_job(job, tags=dict(job.tags), status=S.STARTED)
    assert "still runs" in tick(instance).skip_reason.skip_message
    instance.report_run_canceled(run)
    other = loaded_defs().resolve_job_def("ingest_mobile")
    instance.create_run_for_job(other, tags=dict(other.tags), status=S.STARTED)
    assert len(tick(instance).run_requests or ()) in (0, 3), "another family holds nothing of this one"


def test_a_changed_number_of_shares_takes_no_file_twice(home: Home, instance: dg.DagsterInstance) -> None:
    """A run with one half goes on while the setting becomes three; the halves and thirds overlap."""
    home.drop(FILES)
    (request, *_) = tick(instance).run_requests
    overlapping = dg.RunRequest(
        job_name=request.job_name, run_config=request.run_config, tags={**request.tags, SHARE: "1/2"}
    )
    launched(instance, overlapping, S.STARTED)
    requests = tick(instance).run_requests
    assert len(requests) == 2, "three in flight with the one that goes on"
    listed = {path for request in requests for path in load_of(request)["listing"]}
    assert listed
    assert not any(map(parse_share("1/2").holds, listed))


def test_a_person_stops_one_share(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(FILES)
    first = tick(instance)
    stopped = launched(instance, first.run_requests[0], S.STARTED)
    instance.report_run_canceling(stopped)
    instance.report_run_canceled(stopped)
    share = stopped.tags[SHARE]
    cursor = json.loads(first.cursor)
    del cursor["requested"]  # as after the pause
    again = tick(instance, json.dumps(cursor))
    assert share not in {load_of(request)["share"] for request in again.run_requests}
    assert len(again.run_requests) == 2


def test_dagster_starts_as_many_runs_as_the_setting_says(home: Home) -> None:
    """And builds one after the other, beside them."""
    assert home.path
    with open_instance(replace(read_settings(), ingest_runs=5)) as instance:
        limits = instance.get_concurrency_config().run_queue_config
        assert limits is not None
        assert limits.max_concurrent_runs == 7
        assert limits.tag_concurrency_limits == [
            {"key": WRITER, "value": "warehouse", "limit": 1},
            {"key": WRITER, "value": SHARING, "limit": 5},
        ]
