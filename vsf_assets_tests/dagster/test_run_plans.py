"""The plan of a failed run: what it did not reach keeps its state, what it reports as broken is red.

Here: the storage of events, with small assets. Not here: builds, and what they report.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vsf_assets.resources.event_log_storage import EventLogStorage
from vsf_assets.resources.run_plans import BROKEN
from vsf_assets_tests.instances import red_assets, unevaluated_checks

MADE, BAD, LATE = (dg.AssetKey(name) for name in ("made", "bad", "late"))
CHECKS = [dg.AssetCheckSpec(name, asset=MADE) for name in ("seen", "unseen")]


@dg.multi_asset(specs=[dg.AssetSpec(key, skippable=True) for key in (MADE, BAD, LATE)], check_specs=CHECKS)
def build(context: dg.AssetExecutionContext) -> Iterator[Any]:
    yield dg.MaterializeResult(MADE)
    if context.run.tags["ends"] == "well":
        for spec in CHECKS:
            yield dg.AssetCheckResult(asset_key=MADE, check_name=spec.name, passed=True)
        yield dg.MaterializeResult(BAD)
        yield dg.MaterializeResult(LATE)
        return
    yield dg.AssetCheckResult(asset_key=MADE, check_name="seen", passed=False)
    context.log_event(dg.AssetObservation(BAD, metadata={BROKEN: "its SQL is wrong"}))
    raise dg.Failure("one check failed")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def days() -> None:
    raise dg.Failure("a bad day")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    storage = {
        "module": EventLogStorage.__module__,
        "class": EventLogStorage.__name__,
        "config": {"base_dir": str(tmp_path)},
    }
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides={"event_log_storage": storage}) as opened:
        yield opened


def run(instance: dg.DagsterInstance, ends: str) -> bool:
    return dg.materialize([build], instance=instance, raise_on_error=False, tags={"ends": ends}).success


def test_only_what_failed_is_red_and_nothing_is_after_a_good_run(instance: dg.DagsterInstance) -> None:
    assert run(instance, "well")
    assert not run(instance, "badly")
    keys = [MADE, BAD, LATE]
    assert red_assets(instance, keys) == {"bad"}
    assert unevaluated_checks(instance, [spec.key for spec in CHECKS]) == set()
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([spec.key for spec in CHECKS])
    assert {key.name: record.status.value for key, record in latest.items()} == {
        "seen": "FAILED",
        "unseen": "SUCCEEDED",
    }
    assert run(instance, "well")
    assert red_assets(instance, keys) == set()


def test_an_asset_that_was_never_made_is_not_red_because_a_run_did_not_reach_it(instance: dg.DagsterInstance) -> None:
    assert not run(instance, "badly")
    assert red_assets(instance, [MADE, BAD, LATE]) == {"bad"}
    (record,) = instance.get_asset_records([LATE])
    assert record.asset_entry.last_run_id is None


def test_a_partition_that_was_asked_for_stays_failed(instance: dg.DagsterInstance) -> None:
    dg.materialize([days], instance=instance, raise_on_error=False, partition_key="a")
    assert red_assets(instance, [dg.AssetKey("days")]) == {"days"}


def test_a_run_whose_process_is_gone_leaves_nothing_red(instance: dg.DagsterInstance) -> None:
    assert run(instance, "well")
    job = dg.Definitions([build]).resolve_implicit_global_asset_job_def()
    killed = instance.create_run_for_job(job)
    instance.report_run_failed(killed, "process 1 of this run is gone")
    assert red_assets(instance, [MADE, BAD, LATE]) == set()


def test_what_a_deleted_run_made_is_no_longer_the_newest(instance: dg.DagsterInstance) -> None:
    assert run(instance, "well") and run(instance, "well")
    newer, older = (found.run_id for found in instance.get_runs())
    instance.delete_run(newer)
    event = instance.get_latest_materialization_event(MADE)
    assert event is not None and event.run_id == older
    instance.delete_run(older)
    assert instance.get_latest_materialization_event(MADE) is None
