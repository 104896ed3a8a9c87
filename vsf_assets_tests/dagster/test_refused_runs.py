"""Runs of the UI and of `dagster` that select what one run cannot do, checks alone, or another instance."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import ignored_dagster_home, read_settings
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.local_runner import failure_reason, run_job
from vsf_assets.defs.refused_runs import BUILD_STEP, other_instance, place_of_records, wrong_order
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs, red_assets

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
KEY = dg.AssetKey(["raw", "clicks"])
FILES = dg.AssetKey(["reports", "files"])


def launch(instance: dg.DagsterInstance, **selection: Any) -> dg.ExecuteInProcessResult:
    """Run assets and checks that a person selected in the asset graph."""
    chosen = {"asset_selection": frozenset[dg.AssetKey](), "asset_check_selection": frozenset[dg.AssetCheckKey]()}
    job = loaded_defs().resolve_implicit_global_asset_job_def().get_subset(**{**chosen, **selection})
    return job.execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.parametrize(
    ("steps", "is_refused"),
    [
        ([BUILD_STEP], False),
        (["campaigns_files", "mobile_files"], False),
        (["made_files", BUILD_STEP], False),
        (["campaigns_files", BUILD_STEP], True),
    ],
)
def test_what_is_loaded_is_not_built_in_the_same_run(steps: list[str], is_refused: bool) -> None:
    assert (wrong_order(steps) is not None) == is_refused


def test_raw_assets_and_the_snapshot_selected_together_are_refused_and_nothing_is_done(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    result = launch(instance, asset_selection=frozenset({KEY, FILES, SNAPSHOT}))
    assert not result.success
    assert "materialize the raw assets alone" in failure_reason(instance, result.run_id)
    assert (home.landing / "clicks_1.csv").exists()
    assert not home.current.exists()
    assert red_assets(instance, [KEY, FILES, SNAPSHOT]) == set()


def test_a_check_that_is_executed_alone_is_evaluated_and_builds_nothing(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS + "x,5,6\n"})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    raw = dg.AssetCheckKey(KEY, "contract")
    result = launch(instance, asset_check_selection=frozenset({raw}))
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.asset_check_key, evaluation.passed) == (raw, False)
    mart = dg.AssetCheckKey(FILES, "rows_are_conserved")
    result = launch(instance, asset_check_selection=frozenset({mart}))
    assert [found.asset_check_key for found in result.get_asset_check_evaluations()] == [mart]
    assert result.get_asset_materialization_events() == []


def test_a_run_that_the_home_does_not_record_is_refused(home: Home, instance: dg.DagsterInstance) -> None:
    """`dagster job execute` without DAGSTER_HOME makes an instance of its own."""
    settings = read_settings()
    assert other_instance(place_of_records(instance), settings) is None
    assert place_of_records(dg.DagsterInstance.ephemeral()) is None
    why = other_instance(Path("/elsewhere"), settings)
    assert why is not None and f"set DAGSTER_HOME={settings.dagster_home}" in why


def test_a_dagster_home_of_the_shell_that_is_not_used_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings()
    assert ignored_dagster_home(settings) is None
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    assert ignored_dagster_home(settings) is None
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    assert "DAGSTER_HOME=/elsewhere is not used" in (ignored_dagster_home(settings) or "")
