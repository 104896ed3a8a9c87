"""Backfills over days without files: Dagster's own daemon code runs them, and they end as completed.

Not here: what an ingest does with a range of days (test_days.py).
"""

import logging
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._daemon.backfill import execute_backfill_iteration

from vsf_assets.defs.empty_partitions import observed_empty, without_file
from vsf_assets.defs.recovery_sensors import empty_backfills
from vsf_assets.feeds import all_feeds
from vsf_assets.pipeline.ingest import RunReport
from vsf_assets.resources.dagster_private import execute_local_run
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.dagster_ui import DagsterUi
from vsf_assets_tests.events import event, event_text
from vsf_assets_tests.instances import loaded_defs

EVENTS = dg.AssetKey(["raw", "events"])
DAYS = ["2019-05-20", "2019-05-21", "2019-05-22", "2019-05-23"]


def day_file(day: str) -> bytes:
    return event_text(event(day, f"{day} 10:00:00"))


def execute_queued(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Execute what the backfill put into the queue, as a launcher would; return the runs as they ended."""
    done = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
        starting = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, run.job_name)
        instance.report_dagster_event(starting, run.run_id)
        job = loaded_defs().get_repository_def().get_job(run.job_name).get_subset(asset_selection=run.asset_selection)
        recorded = instance.get_run_by_id(run.run_id)
        assert recorded is not None
        execute_local_run(instance, job, recorded)
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None
        done.append(ended)
    return done


def run_backfill(instance: dg.DagsterInstance, key: dg.AssetKey, partitions: list[str]) -> list[dg.DagsterRun]:
    """Start a backfill as the UI does, and let the daemon see it to its end; return its runs."""
    context = DagsterUi(instance).context
    request = context.create_request_context()
    backfill = PartitionBackfill.from_asset_partitions(
        asset_graph=request.asset_graph,
        backfill_id="days",
        tags={},
        backfill_timestamp=1.6e9,
        asset_selection=[key],
        partition_names=partitions,
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    runs: list[dg.DagsterRun] = []
    for _ in range(10):
        for failure in execute_backfill_iteration(context, logging.getLogger("test")):
            assert failure is None
        runs += execute_queued(instance)
        if status_of(instance) not in (BulkActionStatus.REQUESTED,):
            return runs
    raise AssertionError("the backfill does not end")


def status_of(instance: dg.DagsterInstance) -> BulkActionStatus:
    backfill = instance.get_backfill("days")
    assert backfill is not None
    return backfill.status


def failed_days(instance: dg.DagsterInstance) -> set[str]:
    """Return what the backfill's page shows as failed."""
    backfill = instance.get_backfill("days")
    assert backfill is not None
    graph = loaded_defs().get_repository_def().asset_graph
    subset = backfill.get_asset_backfill_data(graph).failed_and_downstream_subset
    return {found.partition_key or "" for found in subset.iterate_asset_partitions()}


def settle(instance: dg.DagsterInstance) -> str:
    """Tick the sensor twice; the second time there is nothing left to do."""
    first = instances.tick(empty_backfills, instance)
    again = instances.tick(empty_backfills, instance, first.cursor)
    assert again.skip_reason.skip_message == "no backfill failed since the last tick"
    return str(first.skip_reason.skip_message)


def observations(instance: dg.DagsterInstance, runs: list[dg.DagsterRun]) -> list[str]:
    return [day for run in runs for day in observed_empty(instance, run.run_id).get(EVENTS, [])]


def test_a_backfill_over_days_without_files_is_completed_and_materializes_none(
    home: Home, instance: dg.DagsterInstance
) -> None:
    before = dg.evaluate_automation_conditions(loaded_defs(), instance)
    runs = run_backfill(instance, EVENTS, DAYS[:2])
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS]
    assert observations(instance, runs) == DAYS[:2]
    assert status_of(instance) == BulkActionStatus.COMPLETED_FAILED  # what Dagster makes of it
    settle(instance)
    assert status_of(instance) == BulkActionStatus.COMPLETED_SUCCESS
    assert failed_days(instance) == set()
    assert instance.get_materialized_partitions(EVENTS) == set()
    assert dg.evaluate_automation_conditions(loaded_defs(), instance, cursor=before.cursor).total_requested == 0


def test_days_with_files_among_them_are_materialized_and_no_other(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({f"{day}_a.txt": day_file(day) for day in (DAYS[0], DAYS[2])})
    runs = run_backfill(instance, EVENTS, DAYS)
    assert observations(instance, runs) == [DAYS[1], DAYS[3]]
    assert settle(instance) == "days: partitions without a file: 2"
    assert status_of(instance) == BulkActionStatus.COMPLETED_SUCCESS
    assert instance.get_materialized_partitions(EVENTS) == {DAYS[0], DAYS[2]}
    log = [record.event_log_entry.user_message for record in instance.get_records_for_run(runs[0].run_id).records]
    assert "raw.events: no file for 2 of 4 partitions: 2019-05-21, 2019-05-23" in log


def test_a_day_whose_file_cannot_be_read_stays_failed(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({f"{DAYS[0]}_a.txt": day_file(DAYS[0]), f"{DAYS[1]}_a.txt.gz": b"not gzip"})
    runs = run_backfill(instance, EVENTS, DAYS[:3])
    assert observations(instance, runs) == [DAYS[2]]
    assert settle(instance) == "days: partitions without a file: 1"
    assert status_of(instance) == BulkActionStatus.COMPLETED_FAILED
    assert failed_days(instance) == {DAYS[1]}


def test_days_that_are_loaded_already_are_not_failed_where_another_is_pending(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({f"{DAYS[0]}_a.txt": day_file(DAYS[0])})
    assert loaded_defs().resolve_job_def("ingest_mobile").execute_in_process(instance=instance).success
    home.drop({f"{DAYS[1]}_a.txt": day_file(DAYS[1])})
    run_backfill(instance, EVENTS, DAYS[:2])
    settle(instance)
    assert status_of(instance) == BulkActionStatus.COMPLETED_SUCCESS
    assert instance.get_materialized_partitions(EVENTS) == {DAYS[0], DAYS[1]}


@pytest.mark.parametrize(
    ("report", "empty"),
    [
        (RunReport(), DAYS),
        (RunReport(left=[(f"{DAYS[1]}_a.txt", "still changing")]), [DAYS[0], DAYS[2], DAYS[3]]),
        (RunReport(failed=[(f"events/{DAYS[3]}_b.txt", "cannot be read")]), DAYS[:3]),
        (RunReport(left=[("clicks_1.csv", "still changing")]), DAYS),
        (RunReport(failed=[("nobody knows.bin", "cannot be read")]), []),
    ],
)
def test_a_day_with_a_file_that_was_not_loaded_is_not_empty(report: RunReport, empty: list[str]) -> None:
    assert without_file(DAYS, all_feeds()["events"], "raw.events", report) == empty


def test_a_broken_cursor_costs_no_more_than_another_look(home: Home, instance: dg.DagsterInstance) -> None:
    result: Any = instances.tick(empty_backfills, instance, "no number")
    assert result.skip_reason.skip_message == "no backfill failed since the last tick"
