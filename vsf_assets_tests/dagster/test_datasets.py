"""Datasets in Dagster: the sensor asks for whole uploads, and each dataset is a partition of its own.

Not here: what becomes of the files (engine/test_datasets.py).
"""

from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.defs.dataset_reports import REPORT
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.local_runner import open_instance
from vsf_assets.defs.marts import SNAPSHOT
from vsf_assets_tests import instances
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.datasets import small_dataset


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("datasets", [SNAPSHOT]), instance, cursor)


def test_whole_uploads_are_asked_for_and_become_partitions(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    files = small_dataset()
    with open_instance(read_settings()) as instance:
        home.drop({f"datasets/half/{name}": files[name] for name in ("namespaces.csv", "columns.csv")})
        waiting = tick(instance)
        assert not waiting.run_requests
        home.drop({f"datasets/whole one/{name}": content for name, content in files.items()})
        (request,) = tick(instance, waiting.cursor).run_requests
        config = instances.load_of(request)
        assert config["partitions"] == ["whole one"]
        assert instances.ingested(instance, request)[0]
        assert instance.get_dynamic_partitions("datasets") == ["whole one"]
        for table in ("namespaces", "columns", "datapoints"):
            assert instance.get_materialized_partitions(dg.AssetKey(["raw", table])) == {"whole one"}
        monkeypatch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
        (late,) = tick(instance).run_requests
        assert instances.load_of(late)["partitions"] == ["half"]


def test_each_version_has_its_report(home: Home) -> None:
    home.drop({f"datasets/b/{name}": data for name, data in small_dataset().items()})
    for lines in (["ns-1"], ["ns-1,Fund", ",x,"]):
        home.drop({f"datasets/a/{name}": data for name, data in small_dataset(namespaces=lines).items()})
        with built_directly():
            assert home.vsf("run").exit_code == 0
    with open_instance(read_settings()) as instance:
        records = instance.fetch_materializations(REPORT, limit=10).records
    reported = [record.asset_materialization for record in reversed(records)]
    assert [
        one and (one.partition, one.metadata["version"].value, one.metadata["findings"].value) for one in reported
    ] == [
        ("a", 1, 1),
        ("b", 1, 0),
        ("a", 2, 2),
    ]
    second = reported[2]
    assert second is not None
    assert second.metadata["kinds"].value == "\n".join(
        ["| anomaly | findings |", "| --- | --- |", "| missing_fields | 1 |", "| missing_value | 1 |"]
    )
    assert "| namespaces.csv | 3 | missing_value | namespace_id |  | error |" in str(second.metadata["preview"].value)
    assert second.metadata["file"].value == "vsf report anomalies --dataset a --version 2 -o anomalies_report.csv"
