"""The Dagster entry point: assets, jobs, sensors, resources and policies of the code location.

Here: the assembly of these parts by hand. Not here: the parts themselves (defs/). The module reads the dbt manifest and
no setting but VSF_HOME, since the manifest of an installed package lies there. The definitions therefore load with any
values of the environment variables, and a run or tick that needs an invalid variable fails with a message that names
it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Return all Dagster definitions of the platform; `defs/` has one module per concern."""
    from vsf_assets.config.settings import fix_surroundings

    fix_surroundings()  # before the import of polars and pandera, which read some variables at import
    return _definitions()


def _definitions() -> dg.Definitions:
    from vsf_assets.config.settings import IS_INSTALLED, home_folder
    from vsf_assets.defs.dataset_reports import report_spec
    from vsf_assets.defs.dbt_specs import load_dbt_assets
    from vsf_assets.defs.ledger_assets import ledger_specs
    from vsf_assets.defs.maintenance_job import daily_maintenance, maintenance_job
    from vsf_assets.defs.marts import build_assets, weekly_full_build
    from vsf_assets.defs.metadata import PYTHON_MODULE
    from vsf_assets.defs.raw_assets import ingest_assets
    from vsf_assets.defs.rebuild_job import rebuild_job
    from vsf_assets.defs.synthetic_files import made_files
    from vsf_assets.feeds import families
    from vsf_assets.resources.object_store import ObjectStoreResource
    from vsf_assets.resources.run_executor import in_process_executor
    from vsf_assets.resources.warehouse import WarehouseResource
    from vsf_assets.transform.dbt_paths import DBT_PROJECT, code_versions_file, manifest_file

    raw = {family: ingest_assets(family) for family in families()}
    home = home_folder() if IS_INSTALLED else DBT_PROJECT  # a clone holds the parsed models of all homes
    dbt_assets = load_dbt_assets(manifest_file(home), code_versions_file(home))
    marts, report = build_assets(dbt_assets), report_spec(dbt_assets.spec("reports", "dataset_anomalies"))
    ingest_jobs, make_job, build_job = _ingest_jobs(raw), _make_job(), _build_job(marts)
    publishing_jobs = _publishing_jobs(marts)
    return dg.Definitions(
        assets=[*raw.values(), *ledger_specs(), made_files(), marts, report],
        jobs=[*publishing_jobs, *ingest_jobs, make_job, build_job, rebuild_job(dbt_assets), maintenance_job],
        schedules=[weekly_full_build(build_job), daily_maintenance],
        sensors=_sensors(list(marts.specs), publishing_jobs, ingest_jobs, build_job),
        resources={"warehouse": WarehouseResource(), "object_store": ObjectStoreResource()},
        executor=in_process_executor,
        metadata={PYTHON_MODULE: __name__},  # runs of the command line record it as their origin
    )


def _ingest_jobs(raw: Mapping[str, dg.AssetsDefinition]) -> list[Any]:
    from vsf_assets.defs.raw_assets import WRITER_TAG, ingest_job_name
    from vsf_assets.defs.stopped_runs import ingests_tag

    return [
        dg.define_asset_job(
            ingest_job_name(family),
            [assets],
            tags={**WRITER_TAG, **ingests_tag(family), **_queue(family)},
            description=f"Loads the pending files of the family {family} into the warehouse.",
        )
        for family, assets in raw.items()
    ]


def _build_job(marts: dg.AssetsDefinition) -> Any:
    from vsf_assets.defs.build_attempts import BUILDS_TAG
    from vsf_assets.defs.build_events import SNAPSHOT
    from vsf_assets.defs.marts import BUILD_JOB
    from vsf_assets.defs.raw_assets import WRITER_TAG

    return dg.define_asset_job(
        BUILD_JOB,
        dg.AssetSelection.assets(SNAPSHOT, *marts.keys),
        tags={**WRITER_TAG, **BUILDS_TAG},
        description="Builds every mart, runs the checks, and publishes a snapshot, while it holds the warehouse lock.",
    )


def _publishing_jobs(marts: dg.AssetsDefinition) -> list[Any]:
    from vsf_assets.defs.build_attempts import BUILDS_TAG
    from vsf_assets.defs.marts import publishing_job_name
    from vsf_assets.defs.raw_assets import WRITER_TAG
    from vsf_assets.defs.stopped_runs import ingests_tag
    from vsf_assets.feeds import families

    return [
        dg.define_asset_job(
            publishing_job_name(family),
            dg.AssetSelection.assets(*marts.keys),
            config={"ops": {"marts_and_snapshot": {"config": {"only_if_pending": True, "family": family}}}},
            tags={**WRITER_TAG, **BUILDS_TAG, **ingests_tag(family), **_queue(family)},
            description=f"Loads the pending files of the family {family}, builds what they change, and publishes.",
        )
        for family in families()
    ]


def _queue(family: str | None = None) -> dict[str, str]:
    """Return the tag of runs that need the folders of one home, where several workers take runs."""
    from vsf_assets.feeds import families
    from vsf_assets.resources.instance_config import OWN, QUEUE_TAG

    needs_own = family is None or families()[family][0].is_fetched
    return {QUEUE_TAG: OWN} if needs_own else {}


def _make_job() -> Any:
    from vsf_assets.defs.synthetic_files import MADE, MAKE_JOB

    return dg.define_asset_job(
        MAKE_JOB,
        dg.AssetSelection.assets(MADE),
        tags=_queue(),
        description="Generates the made-up files of waiting requests, and removes the files of deleted schemas.",
    )


def _sensors(
    specs: Collection[dg.AssetSpec], publishing_jobs: Sequence[Any], ingest_jobs: Sequence[Any], build_job: Any
) -> list[dg.SensorDefinition]:
    """Return the sensors; `specs` are the assets of a build."""
    from vsf_assets.defs.backoff import TICK_SECONDS
    from vsf_assets.defs.build_attempts import BUILDS_TAG
    from vsf_assets.defs.catalog_sensor import source_sensor
    from vsf_assets.defs.landing_sensors import landing_sensor
    from vsf_assets.defs.maintenance_job import old_ticks
    from vsf_assets.defs.raw_assets import WRITER_TAG
    from vsf_assets.defs.recovery_sensors import backstop_sensor, dead_runs, empty_backfills
    from vsf_assets.defs.synthetic_files import requests_waiting
    from vsf_assets.feeds import families

    built = [spec.key for spec in specs]
    jobs_of = dict(zip(families(), zip(publishing_jobs, ingest_jobs, strict=True), strict=True))
    arrivals = [
        source_sensor(family, built) if feeds[0].is_fetched else landing_sensor(family, built, jobs_of[family])
        for family, feeds in families().items()
    ]
    automation = dg.AutomationConditionSensorDefinition(
        "downstream",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        run_tags={**WRITER_TAG, **BUILDS_TAG},
    )
    return [
        *arrivals,
        backstop_sensor([*ingest_jobs, build_job], specs),
        requests_waiting,
        dead_runs,
        empty_backfills,
        old_ticks,
        automation,
    ]
