"""Each button of the UI and each command of `dagster`, pressed at three moments of a run.

Here: what they leave behind. Dagster shows the partitions and counts of the ledger and the warehouse, at most one
build follows, and nothing is requested again that a person stopped. Builds make three tables, and the run is executed
in this process. Not here: the decisions (test_stopped_runs.py, test_build_attempts.py), and failed builds
(test_verdicts.py).

| button or command | while a run ingests | archives | builds (dbt) |
|---|---|---|---|
| Terminate, Force terminate; then Delete run, `dagster run delete`, `wipe` | yes | yes | yes |
| Re-execute all, Re-execute from failure | yes | yes | yes |
| Ctrl-C of `dagster job execute`, `dagster asset materialize` | yes | yes | yes |
| Materialize, Report materialization, Wipe asset, Wipe partitions, Delete partitions | yes | yes | yes |
| Reload, sensor off, on, reset, and its cursor | yes | yes | yes |
| Backfill and Cancel | yes, also in the queue | yes | a backfill has partitions, so it builds nothing |
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.defs.marts import AUTOMATION_TAG, BUILD_JOB
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.ingest import loader
from vsf_assets.pipeline import build as pipeline
from vsf_assets.publish import publish as publish_module
from vsf_assets.publish.publish import row_counts
from vsf_assets.resources import run_tags
from vsf_assets.resources.past_runs import MATERIALIZE
from vsf_assets.resources.run_process import process_tags
from vsf_assets.resources.run_tags import INGESTS, REFUSED, STOPPED, value_of
from vsf_assets.snapshots.current import current_snapshot, snapshot_number
from vsf_assets.transform import dbt_runner
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.dagster_ui import REPOSITORY, DagsterUi, execute, workspace
from vsf_assets_tests.direct_models import build_models
from vsf_assets_tests.instances import loaded_defs
from vsf_assets_tests.prebuilt import compiled_models

S = dg.DagsterRunStatus
LANDING = "campaigns_landing"
CLICKS, IMPRESSIONS, FILES = (
    dg.AssetKey(path) for path in (["raw", "clicks"], ["raw", "impressions"], ["reports", "files"])
)
DELIVERY = {
    "clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n",
    "clicks_2.csv": "click_id,banner_id,campaign_id\n1,2,3\n4,5,6\n",
    "impressions_1.csv": "banner_id,campaign_id\n2,3\n",
}
MODELS = ["fqn:vsf.intermediate.ledger", "fqn:vsf.intermediate.datasets", "fqn:vsf.reports.ledger.files"]

BUILT = [dg.AssetSpec(FILES), dg.AssetSpec(SNAPSHOT)]

Press = Callable[[], object]


def interrupt() -> None:
    """Press Ctrl-C, or what *Terminate* makes of it."""
    os.kill(os.getpid(), signal.SIGINT)


def build_a_little(settings: Settings, file: Any, _: Sequence[str] = (), full: bool = False) -> dbt_runner.DbtOutcome:
    """Build `reports.files` and what it is built from, without dbt."""
    build_models(file, compiled_models(full), MODELS, full)
    return dbt_runner.DbtOutcome()


@dataclass
class Service:
    """A home with its service, whose parts work when a test lets them.

    Attributes:
        home: the home.
        instance: its instance.
        ui: its UI.
        news: automation's cursor.
        said: job or sensor -> why it requested nothing, in the last look.
    """

    home: Home
    instance: dg.DagsterInstance
    ui: DagsterUi
    news: Any = None
    wanted: str | None = None
    said: dict[str, str] = field(default_factory=dict)

    def look(self) -> list[tuple[str, dg.RunRequest]]:
        """Let sensor, backstop and automation look once; return what they request, by job."""
        sensor = landing_sensor("campaigns", [SNAPSHOT, FILES])
        landing = instances.tick(sensor, self.instance, self.ui.cursor_of(LANDING))
        if isinstance(landing, dg.SensorResult) and landing.cursor is not None:
            self.ui.press(
                "setSensorCursor", sensorSelector={**REPOSITORY, "sensorName": LANDING}, cursor=landing.cursor
            )
        jobs = [loaded_defs().resolve_job_def(name) for name in ("ingest_campaigns", BUILD_JOB)]
        backstop = instances.tick(backstop_sensor(jobs, BUILT), self.instance, self.wanted)
        self.wanted = backstop.cursor if isinstance(backstop, dg.SensorResult) else self.wanted
        self.said = {"landing": _reason(landing), "backstop": _reason(backstop)}
        requests = [
            (request.job_name or "", request)
            for tick in (landing, backstop)
            if isinstance(tick, dg.SensorResult)
            for request in tick.run_requests or ()
        ]
        found = dg.evaluate_automation_conditions(loaded_defs(), self.instance, cursor=self.news)
        self.news = found.cursor
        if found.total_requested:
            requests.append((MATERIALIZE, dg.RunRequest(asset_selection=[SNAPSHOT], tags={AUTOMATION_TAG: "true"})))
        return requests

    def launch(self, job_name: str, request: dg.RunRequest) -> dg.DagsterRun:
        """Record the run of a request, as the daemon does."""
        job = loaded_defs().get_repository_def().get_job(job_name)
        selection = frozenset(request.asset_selection or ())
        return self.instance.create_run_for_job(
            job.get_subset(asset_selection=selection) if selection else job,
            run_config=request.run_config,
            tags={**job.tags, **request.tags},
            asset_selection=selection or None,
            remote_job_origin=origin_of(job_name),
        )

    def settle(self) -> list[str]:
        """Let the service work until it rests; return the jobs that it ran.

        It rests if nothing is requested, and the backstop does not mean to with its next look.
        """
        ran: list[str] = []
        while (requests := self.look()) or self.wanted:
            for job_name, request in requests:
                ran.append(job_name)
                assert len(ran) < 5, f"it does not come to rest: {ran}"
                execute(self.instance, self.launch(job_name, request))
        return ran


def origin_of(job_name: str) -> Any:
    from vsf_assets.config.settings import base_folder
    from vsf_assets.defs.local_runner import LOCATION
    from vsf_assets.resources.dagster_private import job_origin

    return job_origin(LOCATION, "vsf_assets.definitions", base_folder(), job_name)


def _reason(tick: Any) -> str:
    skip = tick if isinstance(tick, dg.SkipReason) else tick.skip_reason
    return str(skip.skip_message) if skip is not None else ""


@pytest.fixture
def service(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that has seen a delivery and requested nothing yet; its builds make `reports.files` alone."""
    compiled_models(True)  # made by dbt itself
    compiled_models(False)
    monkeypatch.setattr(dbt_runner, "build", build_a_little)
    monkeypatch.setattr(pipeline, "table_infos", lambda *_: {})
    monkeypatch.setattr(publish_module, "refuse_empty_tables", lambda *_: None)
    with workspace(instance) as context:
        made = Service(home, instance, DagsterUi(instance, context))
        made.news = dg.evaluate_automation_conditions(loaded_defs(), instance).cursor
        home.drop(DELIVERY)
        yield made


@contextmanager
def pressed_at(moment: str, press: Press) -> Iterator[None]:
    """Press a button when a run of the block comes to a moment: the second file, archiving, or dbt has built."""
    where, name, place = {
        "ingest": (loader.Ingest, "_store_one", 2),
        "archiving": (loader, "file_originals", 1),
        "dbt": (dbt_runner, "build", 1),
    }[moment]
    original, calls = getattr(where, name), []

    def reached(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        built = original(*arguments, **named) if moment == "dbt" else None
        if len(calls) == place:
            press()
        return built or original(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, reached)
        yield
    assert len(calls) >= place, f"the run never came to {moment}"


def in_ledger() -> dict[tuple[str, str], int]:
    """Return (table, partition) -> rows of its loaded files."""
    sql = "select 'raw.' || feed, partition_key, sum(rows_loaded)::int from raw.files where status = 'loaded' group by all"
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        return {(table, key): rows for table, key, rows in connection.execute(sql).fetchall()}


def shown(instance: dg.DagsterInstance) -> dict[tuple[str, str], int]:
    """Return (table, partition) -> rows that the UI shows."""
    found = {}
    for asset in (CLICKS, IMPRESSIONS):
        for partition in instance.get_materialized_partitions(asset):
            filters = dg.AssetRecordsFilter(asset, asset_partitions=[partition])
            (record,) = instance.fetch_materializations(filters, limit=1).records
            assert record.asset_materialization is not None
            rows: Any = record.asset_materialization.metadata["dagster/partition_row_count"].value
            found[".".join(asset.path), partition] = int(rows)
    return found


def value_shown(instance: dg.DagsterInstance, asset: dg.AssetKey, name: str) -> Any:
    event = instance.get_latest_materialization_event(asset)
    assert event is not None and event.asset_materialization is not None, asset
    return event.asset_materialization.metadata[name].value


def assert_all_is_shown(service: Service) -> None:
    """What Dagster shows is what ledger, warehouse and snapshot hold, and all of the delivery is there."""
    instance = service.instance
    assert shown(instance) == in_ledger()
    assert len(in_ledger()) == len(list(service.home.landing.parent.glob("archive/**/*.csv*"))) >= len(DELIVERY)
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        assert value_shown(instance, FILES, "dagster/row_count") == row_counts(connection)["reports.files"]
    number = snapshot_number(current_snapshot(read_settings()))
    assert value_shown(instance, SNAPSHOT, "snapshot") == number
    assert service.home.ask("select count(*) from reports.files") == [(len(in_ledger()),)]
    contract = dg.AssetCheckKey(CLICKS, "contract")
    (check,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([contract]).values()
    assert check.status.value == "SUCCEEDED"


def builds(ran: Sequence[str]) -> int:
    return sum(name in (MATERIALIZE, BUILD_JOB, "load_and_publish_campaigns") for name in ran)


def start(service: Service) -> dg.DagsterRun:
    """Let the sensor request the run of the delivery."""
    ((job_name, request),) = service.look()
    assert job_name == "load_and_publish_campaigns"
    return service.launch(job_name, request)


def assert_rests(service: Service) -> None:
    """Nothing is requested, and it says why and how to go on."""
    assert service.settle() == []
    assert shown(service.instance) == in_ledger()
    said = " ".join(service.said.values())
    assert "a person stopped" in said and "vsf run" in said, said


def status_of(service: Service, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = service.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


MOMENTS = pytest.mark.parametrize("moment", ["ingest", "archiving", "dbt"])


@MOMENTS
def test_terminate_rests_over_sensor_off_on_and_reset_and_re_execution_goes_on(service: Service, moment: str) -> None:
    run, ui = start(service), service.ui
    with pressed_at(moment, lambda: ui.press("terminateRun", runId=run.run_id)):
        assert execute(service.instance, run).status == S.CANCELED
    assert shown(service.instance) == in_ledger() != {}
    assert_rests(service)
    selector = {**REPOSITORY, "sensorName": LANDING}
    ui.press("stopSensor", id=ui.sensor(LANDING).get_compound_id().to_string())
    ui.press("startSensor", sensorSelector=selector)
    ui.press("resetSensor", sensorSelector=selector)
    assert_rests(service)
    ui.press("launchRunReexecution", reexecutionParams={"parentRunId": run.run_id, "strategy": "FROM_FAILURE"})
    (again,) = ui.run_queue()
    assert again.status == S.SUCCESS
    assert service.settle() == []
    assert_all_is_shown(service)


@MOMENTS
def test_force_terminate_rests_also_when_the_run_is_deleted_until_the_cursor_is_reset(
    service: Service, moment: str
) -> None:
    run, ui = start(service), service.ui
    force = {"runId": run.run_id, "terminatePolicy": "MARK_AS_CANCELED_IMMEDIATELY"}
    with pressed_at(moment, lambda: ui.press("terminateRun", **force)):
        assert execute(service.instance, run).status == S.CANCELED
    assert_rests(service)
    ui.press("deleteRun", runId=run.run_id)
    assert_rests(service)
    service.instance.wipe()  # dagster run wipe
    assert_rests(service)
    ui.press("setSensorCursor", sensorSelector={**REPOSITORY, "sensorName": LANDING})
    if moment == "dbt":  # nothing is left in the landing zone
        assert_rests(service)
        launch(ui, SNAPSHOT)
        assert [run.status for run in ui.run_queue()] == [S.SUCCESS]
        assert service.settle() == []
    else:
        assert builds(service.settle()) == 1
    assert_all_is_shown(service)


def launch(ui: DagsterUi, *assets: dg.AssetKey, **tags: str) -> None:
    """Materialize assets, as the button of the asset graph does."""
    selected = [{"path": asset.path} for asset in assets]
    given = [{"key": name.replace("_", "/", 1), "value": value} for name, value in tags.items()]
    selector = {**REPOSITORY, "pipelineName": MATERIALIZE, "assetSelection": selected, "assetCheckSelection": []}
    ui.press("launchRun", executionParams={"selector": selector, "executionMetadata": {"tags": given}})


@MOMENTS
def test_a_run_executed_again_is_a_run_of_its_own(service: Service, moment: str) -> None:
    """The first run ends with the service, a person stops the second in the queue, and the third goes on."""
    run, ui, instance = start(service), service.ui, service.instance
    with pressed_at(moment, lambda: ui.press("terminateRun", runId=run.run_id)):
        execute(instance, run)
    instance.add_run_tags(run.run_id, {STOPPED: "yes", REFUSED: "yes", run_tags.SNAPSHOT: "7"})
    for parent in ("first", "second"):
        newest = instance.get_runs(limit=1)[0].run_id
        ui.press("launchRunReexecution", reexecutionParams={"parentRunId": newest, "strategy": "ALL_STEPS"})
        (again,) = instance.get_runs(dg.RunsFilter(statuses=[S.QUEUED]))
        assert set(again.tags) & {STOPPED, REFUSED, run_tags.SNAPSHOT, run_tags.BASIS, *process_tags()} == set(), parent
        assert value_of(again.tags, INGESTS) == "campaigns"
        if parent == "first":
            ui.press("terminateRun", runId=again.run_id)
            assert_rests(service)
    assert [run.status for run in ui.run_queue()] == [S.SUCCESS]
    assert service.settle() == []
    assert_all_is_shown(service)


@MOMENTS
def test_buttons_that_stop_nothing_change_nothing_for_long(service: Service, moment: str) -> None:
    run, ui = start(service), service.ui
    first = {"partitions": ["1"]}

    def press_all() -> None:
        ui.press("reloadRepositoryLocation", repositoryLocationName=LOCATION)
        ui.press("stopSensor", id=ui.sensor(LANDING).get_compound_id().to_string())
        ui.press("startSensor", sensorSelector={**REPOSITORY, "sensorName": LANDING})
        for asset, partitions in ((CLICKS, None), (IMPRESSIONS, first), (FILES, None), (SNAPSHOT, None)):
            service.instance.wipe_assets([asset]) if partitions is None else service.instance.wipe_asset_partitions(
                asset, ["1"]
            )
        ui.press(
            "reportRunlessAssetEvents",
            eventParams={
                "eventType": "ASSET_MATERIALIZATION",
                "assetKey": {"path": CLICKS.path},
                "partitionKeys": ["1", "3"],
            },
        )
        launch(ui, FILES, SNAPSHOT)
        launch(ui, CLICKS, dagster_partition="1")

    for _ in range(1):
        with pressed_at(moment, press_all):
            assert execute(service.instance, run).status == S.SUCCESS
    assert [run.status for run in ui.run_queue()] == [S.SUCCESS, S.SUCCESS]
    assert builds(service.settle()) <= 1
    assert_all_is_shown(service)
    press_all()
    ui.run_queue()
    assert builds(service.settle()) <= 1
    assert_all_is_shown(service)
