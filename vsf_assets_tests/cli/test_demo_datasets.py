"""The demo's datasets hold every anomaly that a dataset can have, and nothing else is wrong with them.

The lines of the anomalies are written out. Not here: `vsf demo` as a whole
(cli/test_demo_output.py).
"""

import json
import re
import shlex
from collections import defaultdict
from pathlib import Path

import pytest

from vsf_assets.demo.datasets import FIRST_PART, FUNDS, dataset_files
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.forms import name_home

ANOMALIES = {
    (FUNDS, "namespaces.csv", 5, "missing_fields"),
    (FUNDS, "namespaces.csv", 8, "missing_value"),
    (FUNDS, "namespaces.csv", 10, "duplicate_row"),
    (FUNDS, "namespaces.csv", 11, "duplicate_key"),
    (FUNDS, "columns.csv", 22, "duplicate_key"),
    (FUNDS, "columns.csv", 42, "unknown_reference"),
    (FUNDS, "columns.csv", 62, "unknown_reference"),
    (FUNDS, "columns.csv", 82, "extra_fields"),
    (FUNDS, "columns.csv", 102, "missing_fields"),
    (FUNDS, "columns.csv", 122, "missing_value"),
    (FUNDS, "columns.csv", 142, "missing_value"),
    (FUNDS, "columns.csv", 162, "duplicate_row"),
    (FUNDS, "columns.csv", 182, "unbalanced_quote"),
    # From here on one line further down: a definition of two lines stands at line 4.
    (FUNDS, "datapoints.csv", 11, "invalid_value"),
    (FUNDS, "datapoints.csv", 15, "invalid_encoding"),
    (FUNDS, "datapoints.csv", 19, "missing_fields"),
    (FUNDS, "datapoints.csv", 23, "missing_value"),
    (FUNDS, "datapoints.csv", 27, "extra_fields"),
    (FUNDS, "datapoints.csv", 33, "line_too_long"),
    (FUNDS, "datapoints.csv", 35, "duplicate_row"),
    (FUNDS, "datapoints.csv", 36, "duplicate_key"),
    (FIRST_PART, "namespaces.csv", None, "empty_file"),
    (FIRST_PART, "columns.csv", 1, "unknown_header"),
    (FIRST_PART, "datapoints.csv", None, "missing_file"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the datasets of the demo; tests only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("demo"), patch)
        patch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
        home.drop(dict(dataset_files()))
        home.load()
    return home


@pytest.fixture
def loaded(built: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    name_home(built.path, monkeypatch)
    return built


def test_every_kind_of_a_dataset_is_shown(loaded: Home) -> None:
    reported = loaded.ask("select dataset, file_name, line_number, anomaly from reports.dataset_anomalies")
    assert sorted(reported, key=str) == sorted(ANOMALIES, key=str)
    section = text_of("docs/anomalies.md").partition("| anomaly | severity | meaning in a dataset")[2]
    documented = set(re.findall(r"^\| `(\w+)` \|", section.partition("\n\n")[0], re.MULTILINE))
    # An upload that repeats the one before it cannot land together with that one; every value of the demo is plausible.
    assert {anomaly for *_, anomaly in reported} == documented - {"duplicate_file", "implausible_value"}


def test_everything_that_has_its_key_can_be_browsed(loaded: Home) -> None:
    tables = {"dim_namespaces": 8, "fct_dataset_columns": 235, "dim_datapoints": 31}
    assert {table: loaded.ask(f"select count(*) from marts.{table} where is_current")[0][0] for table in tables} == (
        tables
    )
    # No field of this file is quoted, so that its good lines need no reader.
    lines = dataset_files()[f"datasets/{FUNDS}/columns.csv"].decode().splitlines()
    invalid = {line for _, file, line, _ in ANOMALIES if file == "columns.csv"}
    good = {tuple(re.split("[,;]", text)) for line, text in enumerate(lines, 1) if text and line not in {1, *invalid}}
    fields = "column_id, namespace_id, dataset_database_name, dataset_table_name, dataset_column_name, data_point_id"
    found = set(loaded.ask(f"select {fields}, dataset_owner_name from marts.fct_dataset_columns where is_current"))
    assert good <= found
    assert (len(good), len(found - good)) == (230, 5)
    points = defaultdict(set)
    for *_, database, table, column, point, _owner in good:
        points[database, table, column].add(point)
    assert sum(len(several) > 1 for several in points.values()) >= 20


def test_the_reports_of_the_tour_tell_something(loaded: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.findall(r"^vsf (report .*--dataset .*?)(?: +#.*)?$", text_of("README.md"), re.MULTILINE)
    requested = [command.replace("/tmp/", f"{tmp_path}/") for command in shown]
    assert len(requested) == 3
    outcomes = [loaded.vsf(*shlex.split(command)) for command in requested]
    assert [outcome.exit_code for outcome in outcomes] == [0, 0, 0]
    assert len((tmp_path / "anomalies_report.csv").read_text().splitlines()) == 1 + 21
    (namespaces,) = json.loads((tmp_path / "datapoints.json").read_text()).values()
    ((database,),) = [[*each] for each in namespaces["ns-1"]["databases"]]
    assert database == "mutual_fund__stg"
    found = [point for each in namespaces["ns-1"]["databases"][0][database] for point in each.values()]
    lists = [point[field] for point in found for field in ("applicable_domicile", "data_point_possible_values")]
    assert any(isinstance(value, list) and len(value) > 1 for value in lists)
