"""Dagster in tests: an instance in the home that the environment names, and ticks of sensors on it.

Here: what tests of sensors and materializations share. Not here: homes (commandline.py, objects/homes.py).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import dagster as dg

from vsf_assets.config.settings import read_settings
from vsf_assets.definitions import defs
from vsf_assets.defs import landing_sensors
from vsf_assets.defs.local_runner import open_instance, run_job
from vsf_assets.landing import shared_listing
from vsf_assets.transform.dbt_runner import ensure_manifest


@contextmanager
def instance_at_home() -> Iterator[dg.DagsterInstance]:
    """Open the instance of the home, with the models parsed."""
    settings = read_settings()
    ensure_manifest(settings)
    with open_instance(settings) as opened:
        yield opened


@cache
def loaded_defs() -> dg.Definitions:
    """Return the definitions, loaded once: settings do not change them (dagster/test_settings_in_runs.py)."""
    return defs()


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    """Evaluate a sensor once; return what it decided."""
    definitions = loaded_defs()
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources=definitions.resources, definitions=definitions
    )
    with (  # one listing of its own
        patch.object(landing_sensors, "WATCH_SECONDS", 0),
        patch.multiple(shared_listing, FOLDER_SECONDS=-1, BUCKET_SECONDS=-1),
    ):
        return sensor(context)


def load_of(request: dg.RunRequest) -> dict[str, Any]:
    """Return what a requested run loads before it builds."""
    config = request.run_config["ops"]["marts_and_snapshot"]["config"]
    assert request.job_name == f"load_and_publish_{config['family']}"
    return dict(config["load"])


def ingested(instance: dg.DagsterInstance, request: dg.RunRequest, **more: Any) -> tuple[bool, str]:
    """Ingest what a request asks for, without a build; return whether the run succeeded, and its id."""
    family = request.run_config["ops"]["marts_and_snapshot"]["config"]["family"]
    config = {"ops": {f"{family}_files": {"config": {**load_of(request), **more}}}}
    return run_job(loaded_defs(), instance, f"ingest_{family}", config)


def red_assets(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]) -> set[str]:
    """Return the assets that the UI shows as failed, by the rule of its asset graph.

    That is: the last run that planned the asset failed, it did not make the asset, and nothing did after its end.
    """
    red = set()
    for key in keys:
        planned = instance.get_latest_planned_materialization_info(key)
        record = instance.get_run_record_by_id(planned.run_id) if planned else None
        made = instance.get_latest_materialization_event(key)
        if record is None or record.dagster_run.status != dg.DagsterRunStatus.FAILURE:
            continue
        is_made = made is not None and (
            made.run_id == record.dagster_run.run_id or made.timestamp > (record.end_time or 0.0)
        )
        if not is_made:
            red.add(".".join(key.path))
    return red


def unevaluated_checks(instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]) -> set[str]:
    """Return the checks that the UI shows as "Execution failed" or "Skipped": planned by a run and not evaluated."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    return {key.name for key, record in latest.items() if record.status.value == "PLANNED"}
