"""A blocking check that fails: one red check, two builds, and all green again after the mend, without a delivery."""

from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs, red_assets, unevaluated_checks

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
PENDING: dict[str, Any] = {"ops": {"marts_and_snapshot": {"config": {"only_if_pending": True}}}}
S = dg.DagsterRunStatus


def failed_checks(instance: dg.DagsterInstance) -> set[str]:
    """Return the blocking checks that the UI shows as failed."""
    keys = loaded_defs().resolve_asset_graph().asset_check_keys
    assert unevaluated_checks(instance, keys) == set()
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    evaluations = {key: record.evaluation for key, record in latest.items()}
    return {
        key.name
        for key, found in evaluations.items()
        if found is not None and not found.passed and found.severity == dg.AssetCheckSeverity.ERROR
    }


def red(instance: dg.DagsterInstance) -> set[str]:
    return red_assets(instance, loaded_defs().resolve_asset_graph().get_all_asset_keys())


@pytest.mark.slow
def test_one_fault_is_one_red_check_and_two_builds_until_it_is_mended(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    warehouse = Warehouse.of(read_settings())
    with warehouse.write("a fault by hand") as connection:
        connection.execute("update raw.files set lines_read = lines_read + 1")

    # As the UI launches it: with every asset and check planned.
    job = loaded_defs().resolve_job_def(BUILD_JOB)
    first = job.execute_in_process(instance=instance, run_config=PENDING, raise_on_error=False)
    assert not first.success
    assert failed_checks(instance) == {"rows_are_conserved"}
    assert red(instance) == set()
    assert instance.get_latest_materialization_event(SNAPSHOT) is None
    assert instance.get_latest_materialization_event(dg.AssetKey(["reports", "files"])) is not None

    sensor = backstop_sensor([job])
    (retry,) = instances.tick(sensor, instance, BUILD_JOB).run_requests
    assert retry.run_config == PENDING
    run = instance.get_run_by_id(first.run_id)
    assert run is not None
    instance.create_run_for_job(job, status=S.FAILURE, tags=run.tags)  # it ends in the same way
    assert "the last builds failed" in instances.tick(sensor, instance, BUILD_JOB).skip_message

    assert home.vsf("rebuild").exit_code == 0  # the archive has no fault
    assert failed_checks(instance) == set()
    assert red(instance) == set()
    assert instance.get_latest_materialization_event(SNAPSHOT) is not None
    assert instances.tick(sensor, instance, BUILD_JOB).skip_reason.skip_message == "the snapshot shows every delivery"
