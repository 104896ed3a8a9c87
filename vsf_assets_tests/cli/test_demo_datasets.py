"""The demo's datasets hold every anomaly that a dataset can have, and nothing else is wrong with them.

Not here: `vsf demo` as a whole (cli/test_looking.py).
"""

import pytest

from vsf_assets.demo.datasets import FUNDS, HALF, dataset_files
from vsf_assets_tests.commandline import Home


def test_every_kind_of_a_dataset_is_shown(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
    home.drop(dict(dataset_files()))
    assert home.vsf("run").exit_code == 0
    told = home.ask("select dataset, file_name, line_number, anomaly from reports.dataset_anomalies")
    assert sorted(told, key=str) == sorted(
        [
            (FUNDS, "namespaces.csv", 4, "missing_fields"),
            (FUNDS, "namespaces.csv", 5, "missing_value"),
            (FUNDS, "namespaces.csv", 6, "duplicate_row"),
            (FUNDS, "columns.csv", 6, "duplicate_key"),
            (FUNDS, "columns.csv", 7, "unknown_reference"),
            (FUNDS, "columns.csv", 8, "unknown_reference"),
            (FUNDS, "columns.csv", 9, "extra_fields"),
            (FUNDS, "columns.csv", 9, "unknown_reference"),
            (FUNDS, "columns.csv", 10, "unbalanced_quote"),
            (FUNDS, "datapoints.csv", 5, "invalid_value"),
            (FUNDS, "datapoints.csv", 6, "invalid_encoding"),
            (HALF, "namespaces.csv", None, "empty_file"),
            (HALF, "columns.csv", 1, "unknown_header"),
            (HALF, "datapoints.csv", None, "missing_file"),
        ],
        key=str,
    )
