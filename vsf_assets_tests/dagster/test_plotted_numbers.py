"""The business numbers that the UI plots: from the snapshot, for the tables that were built.

Not here: the marts (families/).
"""

import json

import dagster as dg

from vsf_assets.config.settings import home_folder, read_settings
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.plotted_numbers import declared_plots, plotted_numbers
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.transform.dbt_paths import manifest_file
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

IMPRESSIONS = "banner_id,campaign_id\n2,3\n"
CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n2,2,3\n"
CONVERSIONS = "conversion_id,click_id,revenue\n1,1,2.5\n2,2,0.75\n3,1,x\n"


def test_a_build_tells_of_revenue_and_of_bad_rows(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"impressions_1.csv": IMPRESSIONS, "clicks_1.csv": CLICKS, "conversions_1.csv": CONVERSIONS})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    good, run_id = run_job(loaded_defs(), instance, BUILD_JOB)
    assert good
    run = instance.get_run_by_id(run_id)
    assert run is not None and run.tags["snapshot"] == "1"

    def numbers(*path: str) -> dict[str, object]:
        event = instance.get_latest_materialization_event(dg.AssetKey(path))
        assert event is not None and event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    performance = numbers("marts", "fct_banner_performance")
    assert next(iter(performance)) == "revenue_of_quarter_1"
    assert performance["revenue_of_quarter_1"] == 3.25
    assert "revenue_of_quarter_2" not in performance  # nothing was earned; a plot of nulls would say 0
    assert numbers("reports", "anomalies")["errors"] == 1
    assert numbers("reports", "data_quality")["bad_share"] == 1 / 6

    manifest = json.loads(manifest_file(home_folder()).read_bytes())
    every = declared_plots(manifest)
    assert plotted_numbers(manifest, current_snapshot(read_settings()), every).keys() == every.keys()
    assert plotted_numbers(manifest, None, every) == {}
