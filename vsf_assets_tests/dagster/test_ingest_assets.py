"""Materializing raw assets: exactly the partitions that got files, checks, and reloading a quarter.

Not here: what becomes of the rows (engine/) and the command line (cli/).
"""

from typing import Any

import dagster as dg

from vsf_assets.defs.local_runner import run_job
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
KEY = dg.AssetKey(["raw", "clicks"])


def materialize(instance: dg.DagsterInstance, **how: Any) -> dg.ExecuteInProcessResult:
    """Materialize the family as the UI does: by the asset job, with a partition or a range."""
    job = loaded_defs().resolve_job_def("ingest_campaigns")
    return job.execute_in_process(instance=instance, raise_on_error=False, **how)


def test_only_partitions_that_got_files_are_materialized(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_3.csv": CLICKS})
    good, run_id = run_job(loaded_defs(), instance, "ingest_campaigns")
    assert good
    assert instance.get_materialized_partitions(KEY) == {"1", "3"}
    assert instance.get_materialized_partitions(dg.AssetKey(["raw", "impressions"])) == set()
    run = instance.get_run_by_id(run_id)
    assert run is not None and run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "vsf_assets"
    location = run.remote_job_origin.repository_origin.code_location_origin
    assert location.loadable_target_origin.module_name == "vsf_assets.definitions"  # what workspace.yaml loads


def test_a_materialization_carries_counts_schema_digest_and_a_preview(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_2.csv": CLICKS + "4,5\n"})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    event = instance.get_latest_materialization_event(KEY)
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert event.asset_materialization.partition == "2"
    assert list(metadata)[:6] == ["rows_loaded", "rows_quarantined", "bad_share", "files", "newest_file", "preview"]
    assert (metadata["rows_loaded"].value, metadata["rows_quarantined"].value) == (1, 1)
    assert metadata["bad_share"].value == 0.5
    assert metadata["dagster/partition_row_count"].value == 1
    assert "| 1 | 2 | 3 |" in metadata["preview"].value
    assert len(metadata["newest_sha256"].value) == 64
    assert [c.name for c in metadata["dagster/column_schema"].value.columns][:3] == ["_file_id", "_line", "click_id"]


def test_a_row_count_is_of_the_whole_partition_or_table(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    home.drop({"clicks_2_more.csv": CLICKS.replace("1,2,3", "2,2,3")})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    metadata = latest_metadata(instance, KEY)
    assert (metadata["rows_loaded"], metadata["dagster/partition_row_count"]) == (1, 2)
    assert "dagster/row_count" not in metadata

    accounts = "CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT00001,Old,Gold\n"
    for day in ("2026-01-05", "2026-01-06"):
        home.drop({f"{day}_accountdim.csv": accounts})
        run_job(loaded_defs(), instance, "ingest_mobile_states")
    metadata = latest_metadata(instance, dg.AssetKey(["raw", "accounts"]))
    assert (metadata["rows_loaded"], metadata["dagster/row_count"]) == (1, 2)


def latest_metadata(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(key)
    assert event is not None and event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_a_failed_contract_check_shows_the_offending_row_and_does_not_fail_the_run(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_2.csv": CLICKS + "x,5,6\n"})
    result = materialize(instance)
    assert result.success
    found = {e.check_name: e for e in result.get_asset_check_evaluations() if e.asset_key == KEY}
    assert not found["contract"].passed
    assert found["contract"].severity == dg.AssetCheckSeverity.WARN
    assert "click_id must be a whole number" in found["contract"].metadata["offending_rows"].value
    assert found["row_conservation"].passed


def test_a_quarter_can_be_materialized_again_from_its_originals(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS})
    materialize(instance)
    again = materialize(instance, partition_key="2")
    assert again.success
    logged = [e for e in again.all_events if e.is_step_materialization and e.asset_key == KEY]
    assert [e.partition for e in logged] == ["2"]


def test_with_neither_pending_nor_archived_files_nothing_is_materialized(
    home: Home, instance: dg.DagsterInstance
) -> None:
    result = materialize(instance, partition_key="4")
    assert result.success
    assert instance.get_materialized_partitions(KEY) == set()


def test_a_range_of_partitions_is_one_run_that_marks_only_what_had_files(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_2.csv": CLICKS, "clicks_4.csv": CLICKS})
    tags = {"dagster/asset_partition_range_start": "1", "dagster/asset_partition_range_end": "3"}
    assert materialize(instance, tags=tags).success
    assert instance.get_materialized_partitions(KEY) == {"2"}
    assert (home.landing / "clicks_4.csv").exists()


def test_one_model_can_be_built_alone_and_is_not_published(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    materialize(instance)
    job = loaded_defs().resolve_job_def("build_and_publish")
    key = dg.AssetKey(["transform_intermediate", "int_campaigns__banner_impressions"])
    result = job.execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(["transform_intermediate", "int_ledger__files"]), key]
    )
    assert result.success
    assert not home.current.exists()
    assert {e.asset_key.path[-1] for e in result.get_asset_materialization_events()} == {
        "int_ledger__files",
        "int_campaigns__banner_impressions",
    }


def test_checks_of_a_command_line_run_are_shown_although_none_is_planned(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_2.csv": CLICKS + "4,5\n"})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    keys = {dg.AssetCheckKey(KEY, name) for name in ("contract", "row_conservation")}
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    assert {key.name: record.status.value for key, record in latest.items()} == {
        "contract": "FAILED",
        "row_conservation": "SUCCEEDED",
    }


def test_the_resource_gives_a_connection_that_writes_under_the_lock(home: Home) -> None:
    resource = WarehouseResource()
    with resource.get_connection() as connection:
        connection.execute("create table raw.mine as select 1 as one")
    with resource.warehouse().read("a test") as reader:
        assert reader is not None and reader.table("raw.mine").fetchall() == [(1,)]
