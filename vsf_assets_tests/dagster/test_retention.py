"""Retention: old records of Dagster go, and the state of assets, partitions and checks stays.

Here: the purge on a real instance with small assets, with all ended runs old or with the clock turned forward. Not
here: snapshots (unit/test_pruning.py, engine/test_snapshots.py), and the command (cli/test_maintain.py).
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.definitions import defs
from vsf_assets.defs.maintenance_job import old_ticks
from vsf_assets.resources.event_log_storage import EventLogStorage
from vsf_assets.resources.run_storage import RunStorage
from vsf_assets.resources.sqlite_storages import ScheduleStorage
from vsf_assets.retention import dagster_tables
from vsf_assets.retention.dagster_tables import purge_runs, purge_ticks, shrink
from vsf_assets.retention.log_files import remove_old_logs
from vsf_assets.retention.maintain import maintain
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import instance_at_home, tick

DAYS = dg.StaticPartitionsDefinition([f"2019-05-{day:02}" for day in range(1, 13)])
KEYS = [dg.AssetKey(["raw", "days"]), dg.AssetKey(["marts", "totals"])]
CHECKS = [dg.AssetCheckKey(KEYS[1], name) for name in ("adds_up", "is_usual")]
FAILING_DAY = "2019-05-11"


@dg.asset(key=KEYS[0], partitions_def=DAYS)
def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    if context.partition_key == FAILING_DAY:
        raise dg.Failure("a bad day")
    context.log.info("a line of the run")
    return dg.MaterializeResult(metadata={"preview": "x" * 2000}, data_version=dg.DataVersion(context.partition_key))


@dg.asset(key=KEYS[1], check_specs=[dg.AssetCheckSpec(check.name, asset=KEYS[1]) for check in CHECKS])
def totals(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    checks = [
        dg.AssetCheckResult(passed=True, check_name="adds_up"),
        dg.AssetCheckResult(passed=False, check_name="is_usual", severity=dg.AssetCheckSeverity.WARN),
    ]
    return dg.MaterializeResult(metadata={"preview": "y" * 2000}, check_results=checks)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the storages of dagster.yaml in tmp_path."""
    place = {"base_dir": str(tmp_path)}
    storages = {
        "event_log_storage": {"module": EventLogStorage.__module__, "class": "EventLogStorage", "config": place},
        "run_storage": {"module": RunStorage.__module__, "class": "RunStorage", "config": place},
        "schedule_storage": {"module": ScheduleStorage.__module__, "class": "ScheduleStorage", "config": place},
    }
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides=storages) as opened:
        yield opened


def deliver(instance: dg.DagsterInstance, *partitions: str) -> None:
    """Run the raw asset for each day, and the mart after it; all runs are of one job."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    for day in partitions:
        dg.materialize([days], partition_key=day, instance=instance, raise_on_error=False, run_config=quiet)
        dg.materialize([totals], instance=instance, run_config=quiet)


def state(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Return what the UI and automation derive the state of assets, partitions and checks from."""
    storage = instance.event_log_storage
    found: dict[str, Any] = {}
    for key in KEYS:
        [record] = instance.get_asset_records([key])
        entry = record.asset_entry
        found[key.to_user_string()] = (
            entry.last_materialization_record and entry.last_materialization_record.storage_id,
            entry.last_run_id,
            instance.get_run_by_id(entry.last_run_id).status,
            instance.get_materialized_partitions(key),
            storage.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION),
            storage.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED),
            storage.get_latest_tags_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
            ),
            storage.get_latest_asset_partition_materialization_attempts_without_materializations(key),
        )
    for check, summary in storage.get_asset_check_summary_records(CHECKS).items():
        last = summary.last_completed_check_execution_record
        found[check.name] = (summary.last_run_id, last and (last.id, last.status, last.event))
    return found


def purge_all(folder: Path, dry_run: bool = False) -> dict[str, int]:
    """Purge with every ended run old; return the number of removed things by kind."""
    now = datetime.now(UTC) + timedelta(seconds=1)
    done = [*purge_runs(folder, 0, now, dry_run), *purge_ticks(folder, 0, now, dry_run)]
    return {part.kind: part.count for part in done}


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    file = "event_log.db" if "event" in sql or "checks" in sql or "asset_check" in sql else "runs.db"
    with closing(sqlite3.connect(folder / file)) as connection:
        return connection.execute(sql).fetchall()


def test_a_purge_changes_the_state_of_no_asset_partition_or_check(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_tables, "NEWEST_RUNS", 4)
    deliver(instance, "2019-05-01", "2019-05-02", FAILING_DAY, "2019-05-01", "2019-05-03", "2019-05-03")
    before, runs = state(instance), instance.get_runs()
    newest = {run.run_id: len(instance.all_logs(run.run_id)) for run in runs[:4]}
    would = purge_all(tmp_path, dry_run=True)
    assert (state(instance), len(instance.get_runs())) == (before, 12)

    assert purge_all(tmp_path) == would
    assert state(instance) == before
    # Of the eight older runs three hold the newest event of a day: the second, the failing and the second of the first.
    assert would["runs"] == 5
    assert len(instance.get_runs()) == 7
    assert {run_id: len(instance.all_logs(run_id)) for run_id in newest} == newest
    reduced = [run for run in instance.get_runs() if run.run_id not in newest]
    assert sorted(run.status.value for run in reduced) == ["FAILURE", "SUCCESS", "SUCCESS"]
    for run in reduced:
        types = {entry.dagster_event.event_type_value for entry in instance.all_logs(run.run_id)}
        assert {"PIPELINE_START"} < types
        assert "STEP_START" not in types
        assert instance.get_run_stats(run.run_id).end_time
    assert rows(tmp_path, "select count(*) from run_tags where run_id not in (select run_id from runs)") == [(0,)]
    assert rows(
        tmp_path, "select count(*) from asset_event_tags where event_id not in (select id from event_logs)"
    ) == [(0,)]
    # What is gone is gone once; the next purge finds nothing.
    assert set(purge_all(tmp_path).values()) == {0}


def test_young_runs_and_runs_that_have_not_ended_keep_everything(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_tables, "NEWEST_RUNS", 0)
    deliver(instance, "2019-05-01", "2019-05-01")
    assert {part.count for part in purge_runs(tmp_path, 1, datetime.now(UTC))} == {0}
    running = instance.get_runs()[-1]
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection, connection:
        connection.execute("update runs set status = 'STARTED' where run_id = ?", (running.run_id,))
    events = len(instance.all_logs(running.run_id))
    assert purge_all(tmp_path)["runs"] == 1
    assert len(instance.all_logs(running.run_id)) == events


def test_ticks_and_evaluations_go_by_age_and_the_newest_of_each_stay(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    storage = instance.schedule_storage

    @dg.asset(automation_condition=dg.AutomationCondition.missing())
    def missing() -> None: ...

    result = dg.evaluate_automation_conditions([missing], dg.DagsterInstance.ephemeral())
    evaluation = result.results[0].serializable_evaluation.with_run_ids(frozenset())
    for number in range(30):
        storage.add_auto_materialize_asset_evaluations(number, [evaluation])
    count = dagster_tables.NEWEST_EVALUATIONS
    by_kind = {part.kind: part for part in purge_ticks(tmp_path, 1, datetime.now(UTC))}
    assert by_kind["evaluations"].count == 30 - count
    left = storage.get_auto_materialize_asset_evaluations(evaluation.evaluation.key, limit=100)
    assert [record.evaluation_id for record in left] == list(range(29, 29 - count, -1))
    purge_all(tmp_path)
    left = storage.get_auto_materialize_asset_evaluations(evaluation.evaluation.key, limit=100)
    assert [record.evaluation_id for record in left] == [29]


def test_ticks_go_by_age_and_the_last_of_each_result_stays(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "schedules.db")) as connection, connection:
        connection.executemany(
            "insert into job_ticks (job_origin_id, selector_id, status, type, timestamp, tick_body)"
            " values ('o', ?, ?, 'SENSOR', ?, 'body')",
            [
                ("a", "SKIPPED", "2026-01-01 00:00:00.000000"),
                ("a", "SUCCESS", "2026-01-01 00:00:01.000000"),
                ("a", "SKIPPED", "2026-01-01 00:00:02.000000"),
                ("b", "SKIPPED", "2026-01-01 00:00:00.000000"),
                ("a", "FAILURE", "2026-01-05 00:00:00.000000"),
                ("a", "FAILURE", "2026-01-05 00:00:01.000000"),
                ("b", "SKIPPED", "2026-01-05 09:59:00.000000"),
                ("b", "SKIPPED", "2026-01-05 10:01:00.000000"),
                ("b", "SKIPPED", "2026-01-05 10:02:00.000000"),
            ],
        )
    # Days for most, two hours for those that found nothing, and the last one of each result of a sensor.
    purge_ticks(tmp_path, 2, datetime(2026, 1, 5, 12, tzinfo=UTC))
    with closing(sqlite3.connect(tmp_path / "schedules.db")) as connection:
        assert connection.execute("select id from job_ticks order by id").fetchall() == [
            (2,),
            (3,),
            (5,),
            (6,),
            (8,),
            (9,),
        ]


@pytest.mark.slow
def test_with_many_deliveries_the_files_stay_small_and_the_last_runs_are_shown(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_tables, "NEWEST_RUNS", 3)
    sizes = []
    monkeypatch.setattr(dagster_tables, "NEWEST_RUNS", 2)
    for _ in range(4):
        deliver(instance, "2019-05-01", "2019-05-02", "2019-05-01")
        purge_all(tmp_path)
        shrink(tmp_path)
        sizes.append(sum(file.stat().st_size for file in tmp_path.glob("*.db*")))
    assert len(instance.get_runs()) == 3
    assert all(instance.all_logs(run.run_id) for run in instance.get_runs())
    assert max(sizes[1:]) < 1.1 * sizes[0], sizes


def test_shrinking_gives_the_pages_back_while_another_process_reads(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    file = tmp_path / "event_log.db"
    for is_rewritten in (True, False):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("create table filler (text)")
            connection.executemany("insert into filler values (?)", [("x" * 10_000,)] * 300)
            connection.commit()
            connection.execute("drop table filler")
        assert shrink(tmp_path) > 2_000_000, is_rewritten
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("pragma auto_vacuum").fetchone() == (2,)
            assert connection.execute("pragma freelist_count").fetchone() == (0,)
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    deliver(instance, "2019-05-01")
    assert instance.get_materialized_partitions(KEYS[0]) == {"2019-05-01"}


def test_a_file_that_is_in_use_for_too_long_is_reported_in_one_line(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_tables, "_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(dagster_tables, "NEWEST_RUNS", 0)
    deliver(instance, "2019-05-01", "2019-05-01")
    with closing(sqlite3.connect(tmp_path / "event_log.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(VsfError, match="database is locked; nothing is damaged, run vsf maintain again"):
            purge_all(tmp_path)
        other.execute("rollback")
    assert purge_all(tmp_path)["records of runs"] > 0


def test_old_log_files_go_and_others_stay(tmp_path: Path) -> None:
    for name, age in (("old.jsonl", 40), ("young.jsonl", 1), ("old.log", 40), ("old.txt", 40)):
        (tmp_path / name).write_text("line")
        os.utime(tmp_path / name, (time.time() - age * 86400,) * 2)
    said: list[str] = []
    now = datetime.now(UTC)
    assert remove_old_logs(tmp_path, 30, now, said.append, dry_run=True) == [4, 4]
    assert remove_old_logs(tmp_path, 30, now, said.append) == [4, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.txt", "young.jsonl"]
    assert remove_old_logs(tmp_path / "none", 30, now, said.append) == []
    assert said == []


def test_a_home_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    done = maintain(read_settings({"VSF_HOME": str(tmp_path / "none")}), lambda _: None)
    assert (done.lines(), done.problems) == (["nothing is older than it is kept", "freed 0.0 MB"], [])
    assert not (tmp_path / "none").exists()


def test_the_daily_schedule_runs_by_default_and_its_job_reports(home: Home) -> None:
    definitions = defs()
    schedule = definitions.get_schedule_def("daily_maintenance")
    assert (schedule.default_status, schedule.cron_schedule) == (dg.DefaultScheduleStatus.RUNNING, "30 2 * * *")
    assert schedule.job_name == "maintenance"
    result = definitions.resolve_job_def("maintenance").execute_in_process()
    assert result.success
    assert "nothing is older than it is kept" in (home.path / "logs" / f"{result.run_id}.jsonl").read_text()


def test_the_sensor_of_old_ticks_runs_by_default_and_requests_nothing(home: Home) -> None:
    assert old_ticks.default_status == dg.DefaultSensorStatus.RUNNING
    with instance_at_home() as opened:
        assert tick(old_ticks, opened).skip_message == "removed: 0 ticks, 0 evaluations"
