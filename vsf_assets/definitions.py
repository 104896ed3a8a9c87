"""The Dagster entry point: assets, jobs, sensors, resources and policies of the code location."""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Return everything Dagster knows of the platform; one module per concern in `defs/`."""
    from vsf_assets.config.settings import fix_surroundings

    fix_surroundings()  # before polars and pandera are imported: they read some variables only then
    return _definitions()


def _definitions() -> dg.Definitions:
    from vsf_assets.defs.backoff import TICK_SECONDS
    from vsf_assets.defs.catalog_sensor import source_sensor
    from vsf_assets.defs.dataset_reports import report_spec
    from vsf_assets.defs.dbt_specs import load_dbt_assets
    from vsf_assets.defs.landing_sensors import landing_sensor
    from vsf_assets.defs.ledger_assets import ledger_specs
    from vsf_assets.defs.marts import BUILD_JOB, SNAPSHOT, build_assets, weekly_full_build
    from vsf_assets.defs.raw_assets import WRITER_TAG, ingest_assets, ingest_job_name
    from vsf_assets.defs.rebuild_job import rebuild_job
    from vsf_assets.defs.recovery_sensors import backstop_sensor, dead_runs
    from vsf_assets.defs.synthetic_files import MADE, MAKE_JOB, made_files, requests_waiting
    from vsf_assets.feeds import families
    from vsf_assets.resources.warehouse import WarehouseResource
    from vsf_assets.transform.dbt_paths import MANIFEST

    raw = {family: ingest_assets(family) for family in families()}
    marts = build_assets(load_dbt_assets(MANIFEST))
    jobs = [
        dg.define_asset_job(
            ingest_job_name(family),
            [assets],
            tags=WRITER_TAG,
            description=f"Takes the files of the family {family} that are pending into the warehouse.",
        )
        for family, assets in raw.items()
    ]
    build_job = dg.define_asset_job(
        BUILD_JOB,
        dg.AssetSelection.assets(SNAPSHOT, *marts.keys),
        tags=WRITER_TAG,
        description="Builds every mart, checks, and publishes a snapshot, all under one hold of the warehouse lock.",
    )
    make_job = dg.define_asset_job(
        MAKE_JOB,
        dg.AssetSelection.assets(MADE),
        description="Makes the made-up files that requests wait for, and removes those of deleted schemas.",
    )
    automation = dg.AutomationConditionSensorDefinition(
        "downstream",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        run_tags=WRITER_TAG,
    )
    noticing = [
        source_sensor(family) if feeds[0].is_fetched else landing_sensor(family) for family, feeds in families().items()
    ]
    sensors = [*noticing, backstop_sensor([*jobs, build_job]), requests_waiting, dead_runs, automation]
    return dg.Definitions(
        assets=[*raw.values(), *ledger_specs(), made_files(), marts, report_spec()],
        jobs=[*jobs, make_job, build_job, rebuild_job],
        schedules=[weekly_full_build(build_job)],
        sensors=sensors,
        resources={"warehouse": WarehouseResource(), **_object_store()},
        executor=dg.in_process_executor,
    )


def _object_store() -> dict[str, dg.ConfigurableResource]:  # type: ignore[type-arg]
    """Return the object store for assets that use it themselves, where the platform is given one."""
    from vsf_assets.config.settings import client_options, read_settings
    from vsf_assets.storage.s3_client import is_address

    settings = read_settings()
    if not any(map(is_address, (settings.landing, settings.archive, settings.snapshots))):
        return {}
    from vsf_assets.resources.objects import ObjectStoreResource

    options = client_options()
    return {"object_store": ObjectStoreResource(max_attempts=options.attempts, read_timeout=options.timeout)}
