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

from collections.abc import Sequence
from functools import partial
from typing import Any

import dagster as dg
import pytest

from vsf_assets import definitions
from vsf_assets.config.library_variables import EVENT_BATCHES
from vsf_assets.config.settings import read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.ledger_differences import read_loaded, shown_states, stored_states
from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.partitions import dynamic_partitions_name
from vsf_assets.feeds import families
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.pipeline import build as pipeline
from vsf_assets.publish import publish as publish_module
from vsf_assets.publish.publish import row_counts
from vsf_assets.resources import run_tags
from vsf_assets.resources.past_runs import MATERIALIZE
from vsf_assets.resources.run_process import process_tags
from vsf_assets.resources.run_tags import REFUSED, STOPPED
from vsf_assets.snapshots.current import current_snapshot, snapshot_number
from vsf_assets.transform import build_state, dbt_runner
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.dagster_service import (
    FILES,
    LANDING,
    SENSOR,
    Service,
    build_a_little,
    builds,
    interrupt,
    pressed_at,
    start,
    subset_of,
)
from vsf_assets_tests.dagster_ui import REPOSITORY, DagsterUi, dagster_command, execute
from vsf_assets_tests.datasets import small_dataset
from vsf_assets_tests.instances import loaded_defs
from vsf_assets_tests.prebuilt import compiled_models

S = dg.DagsterRunStatus
MOMENTS = pytest.mark.parametrize("moment", ["ingest", "archiving", "dbt"])
CLICKS, IMPRESSIONS = dg.AssetKey(["raw", "clicks"]), dg.AssetKey(["raw", "impressions"])
DELIVERY = {
    "clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n",
    "clicks_2.csv": "click_id,banner_id,campaign_id\n1,2,3\n4,5,6\n",
    "impressions_1.csv": "banner_id,campaign_id\n2,3\n",
}


@pytest.fixture
def service(home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that has seen a delivery and requested nothing yet; its builds make `reports.files` alone."""
    compiled_models(True)  # made by dbt itself
    compiled_models(False)
    monkeypatch.setattr(dbt_runner, "build", build_a_little)
    monkeypatch.setattr(pipeline, "table_infos", lambda *_: {})
    monkeypatch.setattr(publish_module, "refuse_empty_tables", lambda *_: None)
    monkeypatch.setattr(dg.JobDefinition, "get_subset", subset_of)
    # Nothing changes these here, and they are made a hundred times.
    loaded, digest = loaded_defs(), build_state.project_digest()
    monkeypatch.setattr(definitions, "_definitions", lambda: loaded)
    monkeypatch.setattr(build_state, "project_digest", lambda: digest)
    monkeypatch.setenv(*next(iter(EVENT_BATCHES.items())))
    made = Service(home, instance, DagsterUi(instance))
    made.news = dg.evaluate_automation_conditions(loaded_defs(), instance).cursor
    home.drop(DELIVERY)
    return made


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
    ledger = in_ledger()
    assert shown(instance) == ledger
    assert len(ledger) == len(list(service.home.path.glob("archive/**/*.csv*"))) == len(DELIVERY)
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        assert value_shown(instance, FILES, "dagster/row_count") == row_counts(connection)["reports.files"]
    number = snapshot_number(current_snapshot(read_settings()))
    assert value_shown(instance, SNAPSHOT, "snapshot") == number
    assert service.home.ask("select count(*) from reports.files") == [(len(DELIVERY),)]
    contract = dg.AssetCheckKey(CLICKS, "contract")
    (check,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([contract]).values()
    assert check.status.value == "SUCCEEDED"


def assert_rests(service: Service, *built: str) -> None:
    """Nothing is requested but the build of what other runs loaded, and it says why and how to go on."""
    assert service.requested() == list(built)
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
    assert service.requested() == []
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
    assert service.requested() == ([] if moment == "dbt" else ["load_and_publish_campaigns"]), (
        "a person reset the cursor"
    )


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
    service.tick()  # the sensor has seen the files
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
    assert ui.backfill_status(backfill) == "CANCELED"
    assert [run.status for run in instance.get_runs()] == [S.CANCELED]
    impressions = service.home.landing / "impressions_1.csv"  # which the backfill was not to load
    impressions.rename(service.home.path / impressions.name)
    assert_rests(service, *([] if moment == "queue" else [BUILD_JOB]))
    (service.home.path / impressions.name).rename(impressions)
    assert service.requested() == ["load_and_publish_campaigns"]


JOB = ("job", "execute", "-j", "load_and_publish_campaigns")
ASSET = ("asset", "materialize", "--select", "raw/clicks", "--partition-range", "1...2")


@pytest.mark.parametrize(("moment", "words"), [("ingest", JOB), ("archiving", ASSET), ("dbt", JOB)])
def test_ctrl_c_of_dagsters_own_commands_is_a_persons_stop(service: Service, moment: str, words: Sequence[str]) -> None:
    service.tick()  # the sensor has seen the files
    if words == ASSET:
        (service.home.landing / "impressions_1.csv").unlink()  # which the command is not to load
    with pressed_at(moment, interrupt):
        code, output = dagster_command(*words, "-m", "vsf_assets.definitions")
    assert code != 0
    newest = service.instance.get_runs(limit=1)[0]
    assert newest.status == S.CANCELED, output
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
    service.tick()
    assert service.instance.get_dynamic_partitions(name) == ["funds"]
    feeds = families()["datasets"]
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        stored = stored_states(read_loaded(connection, feeds), feeds)
    assert shown_states(service.instance, feeds) == stored != {}
