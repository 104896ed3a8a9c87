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
from functools import partial
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._cli import create_dagster_cli
from dagster._core.execution.backfill import BulkActionStatus

from vsf_assets.config.library_variables import EVENT_BATCHES
from vsf_assets.config.settings import Settings, base_folder, read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.ledger_differences import read_loaded, shown_states, stored_states
from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.defs.marts import AUTOMATION_TAG, BUILD_JOB
from vsf_assets.defs.partitions import dynamic_partitions_name
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.feeds import families
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.ingest import loader
from vsf_assets.pipeline import build as pipeline
from vsf_assets.publish import publish as publish_module
from vsf_assets.publish.publish import row_counts
from vsf_assets.resources import run_tags
from vsf_assets.resources.dagster_private import job_origin
from vsf_assets.resources.past_runs import MATERIALIZE
from vsf_assets.resources.run_process import process_tags
from vsf_assets.resources.run_tags import REFUSED, STOPPED
from vsf_assets.snapshots.current import current_snapshot, snapshot_number
from vsf_assets.transform import dbt_runner
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.dagster_ui import REPOSITORY, DagsterUi, execute
from vsf_assets_tests.datasets import small_dataset
from vsf_assets_tests.direct_models import build_models
from vsf_assets_tests.instances import loaded_defs
from vsf_assets_tests.prebuilt import compiled_models

S = dg.DagsterRunStatus
MOMENTS = pytest.mark.parametrize("moment", ["ingest", "archiving", "dbt"])
LANDING = "campaigns_landing"
SENSOR = {**REPOSITORY, "sensorName": LANDING}
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
            self.ui.press("setSensorCursor", sensorSelector=SENSOR, cursor=landing.cursor)
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
            remote_job_origin=job_origin(LOCATION, "vsf_assets.definitions", base_folder(), job_name),
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


def _reason(tick: Any) -> str:
    skip = tick if isinstance(tick, dg.SkipReason) else tick.skip_reason
    return str(skip.skip_message) if skip is not None else ""


@pytest.fixture
def service(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that has seen a delivery and requested nothing yet; its builds make `reports.files` alone."""
    compiled_models(True)  # made by dbt itself
    compiled_models(False)
    monkeypatch.setattr(dbt_runner, "build", build_a_little)
    monkeypatch.setattr(pipeline, "table_infos", lambda *_: {})
    monkeypatch.setattr(publish_module, "refuse_empty_tables", lambda *_: None)
    monkeypatch.setenv(*next(iter(EVENT_BATCHES.items())))
    made = Service(home, instance, DagsterUi(instance))
    made.news = dg.evaluate_automation_conditions(loaded_defs(), instance).cursor
    home.drop(DELIVERY)
    return made


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
    counted = "select 'raw.' || feed, partition_key, sum(rows_loaded)::int from raw.files"
    sql = f"{counted} where status = 'loaded' group by all"
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


def assert_rests(service: Service, *built: str) -> None:
    """Nothing is requested but the build of what other runs loaded, and it says why and how to go on."""
    assert service.settle() == list(built)
    assert shown(service.instance) == in_ledger()
    said = " ".join(service.said.values())
    assert "a person stopped" in said and "vsf run" in said, said


def launch(ui: DagsterUi, *assets: dg.AssetKey, **tags: str) -> None:
    """Materialize assets, as the button of the asset graph does."""
    selected = [{"path": asset.path} for asset in assets]
    given = [{"key": name.replace("_", "/", 1), "value": value} for name, value in tags.items()]
    selector = {**REPOSITORY, "pipelineName": MATERIALIZE, "assetSelection": selected, "assetCheckSelection": []}
    ui.press("launchRun", executionParams={"selector": selector, "executionMetadata": {"tags": given}})


def execute_again(ui: DagsterUi, run: dg.DagsterRun, strategy: str) -> dg.DagsterRun:
    """Press one of the two *Re-execute* buttons; return the run that waits then."""
    ui.press("launchRunReexecution", reexecutionParams={"parentRunId": run.run_id, "strategy": strategy})
    (waiting,) = ui.instance.get_runs(dg.RunsFilter(statuses=[S.QUEUED]))
    return waiting


@MOMENTS
def test_what_a_person_terminates_rests_until_the_person_executes_it_again(service: Service, moment: str) -> None:
    run, ui = start(service), service.ui
    with pressed_at(moment, lambda: ui.press("terminateRun", runId=run.run_id)):
        assert execute(service.instance, run).status == S.CANCELED
    assert shown(service.instance) == in_ledger() != {}
    ui.press("stopSensor", id=ui.sensor(LANDING).get_compound_id().to_string())
    ui.press("startSensor", sensorSelector=SENSOR)
    ui.press("resetSensor", sensorSelector=SENSOR)
    assert_rests(service)
    # What tells of a run is no part of its re-execution: a process, or that the service ended it.
    service.instance.add_run_tags(run.run_id, {STOPPED: "yes", REFUSED: "yes", run_tags.SNAPSHOT: "7"})
    again = execute_again(ui, run, "FROM_FAILURE")
    assert not {STOPPED, REFUSED, run_tags.SNAPSHOT, run_tags.BASIS, *process_tags()} & set(again.tags)
    ui.press("terminateRun", runId=again.run_id)  # in the queue
    assert_rests(service)
    execute_again(ui, run, "FROM_FAILURE" if moment == "ingest" else "ALL_STEPS")
    assert [run.status for run in ui.run_queue()] == [S.SUCCESS]
    assert service.settle() == []
    assert_all_is_shown(service)


@MOMENTS
def test_what_a_person_stopped_by_force_rests_also_when_its_run_is_deleted(service: Service, moment: str) -> None:
    run, ui = start(service), service.ui
    force = {"runId": run.run_id, "terminatePolicy": "MARK_AS_CANCELED_IMMEDIATELY"}
    with pressed_at(moment, lambda: ui.press("terminateRun", **force)):
        assert execute(service.instance, run).status == S.CANCELED
    if moment == "archiving":
        service.instance.wipe()  # dagster run wipe
    else:
        ui.press("deleteRun", runId=run.run_id)
    assert_rests(service)
    ui.press("setSensorCursor", sensorSelector=SENSOR)
    requested = [job_name for job_name, _ in service.look()]
    assert requested == ([] if moment == "dbt" else ["load_and_publish_campaigns"]), "a person reset the cursor"


@MOMENTS
def test_buttons_that_stop_nothing_change_nothing_for_long(service: Service, moment: str) -> None:
    run, ui = start(service), service.ui

    def press_all() -> None:
        ui.press("reloadRepositoryLocation", repositoryLocationName=LOCATION)
        ui.press("stopSensor", id=ui.sensor(LANDING).get_compound_id().to_string())
        ui.press("startSensor", sensorSelector=SENSOR)
        of_one = {"range": {"start": "1", "end": "1"}}
        wiped = [{"assetKey": {"path": asset.path}} for asset in (CLICKS, FILES, SNAPSHOT)]
        for choice in (*wiped, {"assetKey": {"path": IMPRESSIONS.path}, "partitions": of_one}):
            ui.press("wipeAssets", assetPartitionRanges=[choice])
        reported = {"assetKey": {"path": CLICKS.path}, "partitionKeys": ["1", "3"]}
        ui.press("reportRunlessAssetEvents", eventParams={**reported, "eventType": "ASSET_MATERIALIZATION"})
        if moment == "ingest":
            launch(ui, CLICKS, dagster_partition="1")
        else:
            launch(ui, SNAPSHOT)

    with pressed_at(moment, press_all):
        assert execute(service.instance, run).status == S.SUCCESS
    assert [run.status for run in ui.run_queue()] == [S.SUCCESS]
    assert builds(service.settle()) <= 1
    assert_all_is_shown(service)


@pytest.mark.parametrize("moment", ["queue", "ingest", "archiving"])
def test_a_canceled_backfill_rests_for_its_partitions(service: Service, moment: str) -> None:
    ui, instance = service.ui, service.instance
    service.look()  # the sensor has seen the files
    wanted = {"assetSelection": [{"path": CLICKS.path}], "partitionNames": ["1", "2"]}
    backfill = ui.press("launchPartitionBackfill", backfillParams=wanted)["backfillId"]

    def cancel() -> None:
        ui.press("cancelPartitionBackfill", backfillId=backfill)
        ui.let_daemon_see_backfills()

    ui.let_daemon_see_backfills()
    if moment == "queue":
        cancel()
    else:
        with pressed_at(moment, cancel):
            ui.run_queue()
    ui.let_daemon_see_backfills()
    found = instance.get_backfill(backfill)
    assert found is not None and found.status == BulkActionStatus.CANCELED
    assert [run.status for run in instance.get_runs()] == [S.CANCELED]
    impressions = service.home.landing / "impressions_1.csv"  # which the backfill was not to load
    impressions.rename(service.home.path / impressions.name)
    assert_rests(service, *([] if moment == "queue" else [BUILD_JOB]))
    (service.home.path / impressions.name).rename(impressions)
    assert [job_name for job_name, _ in service.look()] == ["load_and_publish_campaigns"]


JOB = ("job", "execute", "-j", "load_and_publish_campaigns")
ASSET = ("asset", "materialize", "--select", "raw/clicks", "--partition-range", "1...2")


@pytest.mark.parametrize(("moment", "words"), [("ingest", JOB), ("archiving", ASSET), ("dbt", JOB)])
def test_ctrl_c_of_dagsters_own_commands_is_a_persons_stop(service: Service, moment: str, words: Sequence[str]) -> None:
    service.look()  # the sensor has seen the files
    if words == ASSET:
        (service.home.landing / "impressions_1.csv").unlink()  # which the command is not to load
    with pressed_at(moment, interrupt):
        result = CliRunner().invoke(create_dagster_cli(), [*words, "-m", "vsf_assets.definitions"])
    assert result.exit_code != 0
    newest = service.instance.get_runs(limit=1)[0]
    assert newest.status == S.CANCELED, result.output
    assert_rests(service, *([BUILD_JOB] if words == ASSET else []))


def test_a_deleted_partition_is_there_again(service: Service) -> None:
    service.home.drop({f"datasets/funds/{name}": content for name, content in small_dataset().items()})
    name = dynamic_partitions_name(DATASETS)
    assert name is not None
    deleted = {"partitionKeys": ["funds"], "partitionsDefName": name, "repositorySelector": REPOSITORY}
    delete = partial(service.ui.press, "deleteDynamicPartitions", **deleted, wipeMaterializations=True)
    config = {"only_if_pending": True, "family": "datasets"}
    request = dg.RunRequest(run_config={"ops": {"marts_and_snapshot": {"config": config}}})
    run = service.launch("load_and_publish_datasets", request)
    with pressed_at("dbt", delete):
        assert execute(service.instance, run).status == S.SUCCESS
    assert service.instance.get_dynamic_partitions(name) == []
    service.look()
    assert service.instance.get_dynamic_partitions(name) == ["funds"]
    feeds = families()["datasets"]
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        stored = stored_states(read_loaded(connection, feeds), feeds)
    assert shown_states(service.instance, feeds) == stored != {}
