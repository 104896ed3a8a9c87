"""Datasets through `vsf`: land, run, browse, and the report files, version by version.

Not here: the reading itself (unit/test_tolerant.py) and uploads in the engine (engine/test_datasets.py).
"""

import csv
import json
from pathlib import Path

import pytest

from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import SAMPLES, Home
from vsf_assets_tests.dataset_defects import make_dataset
from vsf_assets_tests.datasets import small_dataset


def land(home: Home, tmp_path: Path, name: str, **lines: list[str]) -> None:
    """Land a dataset from a folder of its name."""
    folder = tmp_path / "made" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in small_dataset(**lines).items():
        (folder / file).write_bytes(content)
    done = home.vsf("land", "datasets", str(folder))
    assert (done.exit_code, done.output.count("landed datasets/")) == (0, 3)


def anomalies(home: Home, *words: str) -> list[tuple[str, ...]]:
    """Return the rows of a dataset's report, without the header and the reasons, which are all given."""
    path = home.path / "reports" / "anomalies_report.csv"
    done = home.vsf("report", "anomalies", *words)
    assert done.exit_code == 0, done.errors
    header, *rows = csv.reader(path.read_text().splitlines())
    assert header == ["file", "line", "anomaly", "column", "value", "severity", "reason"]
    assert all(row[-1] for row in rows)
    return [tuple(row[:-1]) for row in rows]


def test_a_dataset_changes_and_changes_back(home: Home, tmp_path: Path) -> None:
    short = {"namespaces": ["ns-1", "ns-2"], "columns": ["c-1,ns-1,db,t,col,dp-1,O", "c-2,ns-1,db,t,col,dp-2,O"]}
    short["datapoints"] = ["dp-1,One", "dp-2,=cmd()|a,,,,,,,,maybe,"]
    land(home, tmp_path, "a")
    land(home, tmp_path, "b", **short)
    home.load()
    assert home.ask("select dataset, count(*) from marts.fct_dataset_columns group by 1 order by 1") == [
        ("a", 1),
        ("b", 2),
    ]
    assert anomalies(home, "--dataset", "a") == []
    assert home.ask("select dataset, version, is_complete, is_current, findings from marts.dim_dataset_versions") == [
        ("a", 1, True, True, 0),
        ("b", 1, True, True, 4),
    ]
    assert [row[:3] for row in anomalies(home, "--dataset", "b")] == [
        ("namespaces.csv", "2", "missing_fields"),
        ("namespaces.csv", "3", "missing_fields"),
        ("datapoints.csv", "2", "missing_fields"),
        ("datapoints.csv", "3", "invalid_value"),
    ]
    found = home.vsf(
        "report", "choices", "--dataset", "b", "--namespace", "ns-1", "--column", "col", "--format", "json"
    )
    assert [row["data_point_id"] for row in json.loads(found.output)] == ["dp-1", "dp-2"]
    found = home.vsf("report", "choices", "--dataset", "b", "--format", "json")
    assert [(row["namespace_id"], row["databases"]) for row in json.loads(found.output)] == [("ns-1", 1), ("ns-2", 0)]

    land(home, tmp_path, "a", namespaces=["ns-1,=1+1,fund", "ns-1,Fund,fund"])
    home.load(checked=False)
    land(home, tmp_path, "a")
    home.load(checked=False)
    land(home, tmp_path, "a")
    home.load()
    assert home.ask(
        "select version, is_current, namespace_option_name from marts.dim_namespaces where dataset = 'a' order by 1"
    ) == [(1, False, "Fund"), (2, False, "=1+1"), (3, True, "Fund")]
    assert anomalies(home, "--dataset", "a") == anomalies(home, "--dataset", "a", "--version", "1") == []
    newest = home.vsf("report", "anomalies", "--dataset", "a", "--format", "json")
    assert newest.output.startswith("wrote 0 findings on dataset a, version 3 to "), "a complete one needs no word"
    assert anomalies(home, "--dataset", "a", "--version", "2") == [
        ("namespaces.csv", "3", "duplicate_key", "namespace_id", "ns-1", "warning")
    ]
    repeats = home.ask("select file_name, severity from reports.anomalies where anomaly = 'duplicate_file' order by 1")
    assert repeats == [(name, "warning") for name in ("columns.csv", "datapoints.csv", "namespaces.csv")]
    for form, reported in (
        ("csv", "duplicate_file"),
        ("json", '"file": "namespaces.csv"'),
        ("html", "<h2>Per day of landing (UTC)</h2>"),
    ):
        file = tmp_path / f"a.{form}"
        done = home.vsf("report", "anomalies", "--feed", "datasets", "--partition", "a", "-o", str(file))
        assert (done.exit_code, "wrote 4 findings on datasets, a" in done.output) == (0, True), done.errors
        assert reported in file.read_text()
    for words in (
        ["--feed", "nix"],
        ["--feed", "datasets", "--version", "1"],
        [],
        ["--feed", "datasets", "-o", "a.txt"],
    ):
        assert home.vsf("report", "anomalies", *words).exit_code == 2
    refused = home.vsf("report", "anomalies", "--dataset", "a", "--version", "9")
    assert (refused.exit_code, "versions: 1, 2, 3" in refused.errors) == (2, True)
    assert "datasets: a, b" in home.vsf("report", "anomalies", "--dataset", "c").errors


def test_the_sample_gives_its_eight_findings_and_its_data_points(home: Home, tmp_path: Path) -> None:
    folder = SAMPLES / "datasets" / "managed_investments"
    if not folder.is_dir():
        pytest.skip(f"no samples at {SAMPLES}; set VSF_SAMPLES")
    assert home.vsf("land", "datasets", str(folder)).exit_code == 0
    home.load()
    name = ("--dataset", "managed_investments")
    assert [(*row[:3], row[4]) for row in anomalies(home, *name)] == [
        ("namespaces.csv", "3", "missing_fields", ""),
        ("namespaces.csv", "5", "duplicate_row", "ns-1"),
        ("columns.csv", "6", "unknown_reference", "ns-9"),
        ("columns.csv", "7", "unknown_reference", "dp-404"),
        ("columns.csv", "8", "extra_fields", "unexpected"),
        ("columns.csv", "9", "duplicate_key", "c-7"),
        ("datapoints.csv", "6", "invalid_value", "maybe"),
        ("datapoints.csv", "7", "missing_fields", ""),
    ]
    assert home.ask("select count(*), count(distinct anomaly) from reports.anomalies") == [(8, 6)]
    assert home.ask("select dataset, findings from marts.dim_dataset_versions") == [("managed_investments", 8)]
    database = "managed_investment__operations__stg"
    chosen = ("--namespace", "Managed Investment", "--database", database)
    file = tmp_path / "out" / "points.json"
    done = home.vsf("report", "datapoints", *name, *chosen, "-o", str(file))
    assert (done.exit_code, "found 3 data points" in done.output) == (0, True)
    report = json.loads(file.read_text())
    assert file.read_text().startswith('{\n    "Managed_Investment_Data_namespaces": {\n        "ns-3"')
    (points,) = (found[database] for found in report["Managed_Investment_Data_namespaces"]["ns-3"]["databases"])
    assert [next(iter(point)) for point in points] == ["dp-1", "dp-2", "dp-3"]
    assert points[2]["dp-3"]["approved_abbreviations"] == ["incp", "inc_dt"]
    assert points[2]["dp-3"]["data_point_definition"] == "First day of\nthe share class"
    assert points[2]["dp-3"]["methodology_reference"] == ""
    one = tmp_path / "none.json"
    done = home.vsf("report", "datapoints", *name, *chosen, "--table", "nix", "-o", str(one))
    assert (done.exit_code, one.exists(), "no data points found" in done.output) == (0, False, True)
    for wrong in ("points.csv", ".json", "a\nb.json"):
        assert home.vsf("report", "datapoints", *name, *chosen, "-o", str(tmp_path / wrong)).exit_code == 2


def test_a_dataset_without_a_file_is_never_current(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
    files = small_dataset(columns=["c-1,ns-9,db,t,col,dp-1,O"])
    home.drop({f"datasets/a/{name}": content for name, content in files.items() if name != "datapoints.csv"})
    home.load()
    found = [
        ("columns.csv", "2", "unknown_reference", "namespace_id", "ns-9", "warning"),
        ("datapoints.csv", "", "missing_file", "", "", "warning"),
    ]
    assert anomalies(home, "--dataset", "a") == anomalies(home, "--dataset", "a", "--version", "1") == found
    versions = "select version, is_complete, is_current, findings from marts.dim_dataset_versions"
    assert home.ask(versions) == [(1, False, False, 2)]
    page = tmp_path / "a.html"
    reported = home.vsf("report", "anomalies", "--dataset", "a", "-o", str(page)).output
    assert reported.startswith("wrote 2 findings on dataset a, version 1 (incomplete) to ")
    assert "<h1>Anomalies of dataset a, version 1 (incomplete)</h1>" in page.read_text()
    assert "did not come with version 1" in page.read_text()
    browsed = home.vsf("report", "choices", "--dataset", "a", "--namespace", "ns-9", "--format", "json")
    assert json.loads(browsed.output) == [{"dataset_database_name": "db", "tables": 1}]
    assert browsed.errors.startswith("vsf: version 1 of dataset a is incomplete: ")
    assert home.vsf("report", "choices", "--dataset", "a", "--version", "2").exit_code == 2
    assert home.ask("select is_current, is_complete, datapoint_key from marts.fct_dataset_columns") == [
        (False, False, None)
    ]


def test_what_is_no_dataset_is_not_landed(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "columns.csv").write_text("x")
    (tmp_path / "a" / "notes.txt").write_text("x")
    refused = home.vsf("land", "datasets", str(tmp_path / "a"))
    assert (refused.exit_code, "is not a file of datasets" in refused.errors, home.landing.exists()) == (2, True, False)
    (tmp_path / "a" / "notes.txt").unlink()
    assert home.vsf("land", "datasets", str(tmp_path / "a"), "--partition", "x/y").exit_code == 2
    assert home.vsf("land", "datasets", str(tmp_path / "a"), "--partition", "other name").exit_code == 0
    assert (home.landing / "datasets" / "other name" / "columns.csv").exists()


def test_random_defects_are_told_exactly_where_they_are(home: Home, tmp_path: Path) -> None:
    made = {f"made-{seed}": make_dataset(seed) for seed in range(12)}
    home.drop({f"datasets/{name}/{file}": data for name, one in made.items() for file, data in one.files.items()})
    home.load()
    for name, one in made.items():
        reported = home.ask(
            f"select file_name, line_number, anomaly from reports.dataset_anomalies where dataset = '{name}'"
        )
        assert sorted(reported) == sorted(one.reported), name
    (kinds,) = home.ask("select count(distinct anomaly) from reports.anomalies where feed = 'datasets'")[0]
    assert kinds == 8
    assert home.ask("select count(*) from reports.anomalies where feed <> 'datasets'") == [(0,)]


def test_a_build_that_needs_the_disk_goes_through(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_MEMORY_LIMIT", "64MB")
    columns = [f"c-{n // 2},ns-1,db,table {n % 100},column {n},dp-1,O" for n in range(120_000)]
    home.drop({f"datasets/a/{file}": data for file, data in small_dataset(columns=columns).items()})
    done = home.vsf("run")
    assert (done.exit_code, done.errors.count("Error")) == (0, 0), done.errors
    assert home.ask("select count(*) from marts.fct_dataset_columns") == [(60_000,)]
    assert home.ask("select count(*) from reports.anomalies where anomaly = 'duplicate_key'") == [(60_000,)]


def test_a_dataset_is_renamed_and_deleted_with_its_history(home: Home, tmp_path: Path) -> None:
    land(home, tmp_path, "old", namespaces=["ns-1"])
    land(home, tmp_path, "other", namespaces=["ns-1,Fund,fund", "ns-2,Bond,bond"])
    home.load(checked=False)
    land(home, tmp_path, "old")
    land(home, tmp_path, "other")
    home.load(checked=False)
    land(home, tmp_path, "other", namespaces=["ns-1,Fund,fund", "ns-2,Bond,bond"])
    home.load(checked=False)
    for refused in (["rename", "nix", "new"], ["rename", "old", "other"], ["rename", "old", "a/b"], ["delete", "old"]):
        assert home.vsf("dataset", *refused).exit_code == 2
    with built_directly():
        done = home.vsf("dataset", "rename", "old", "new name")
    assert (done.exit_code, "renamed old to new name" in done.output) == (0, True), done.errors
    versions = "select dataset, version, is_current, count(*) from marts.dim_namespaces group by all order by 1, 2"
    other = [("other", 1, False, 2), ("other", 2, False, 1), ("other", 3, True, 2)]
    assert home.ask(versions) == [("new name", 1, False, 1), ("new name", 2, True, 1), *other]
    assert anomalies(home, "--dataset", "new name", "--version", "1") == [
        ("namespaces.csv", "2", "missing_fields", "namespace_option_name", "", "warning")
    ]
    assert home.ask("select distinct partition_key from reports.anomalies") == [("new name",)]

    land(home, tmp_path, "old")
    home.load(checked=False)
    with built_directly():
        assert home.vsf("dataset", "delete", "new name", "--yes").exit_code == 0
    assert home.ask(versions) == [("old", 1, True, 1), *other]
    assert home.ask("select count(*) from reports.anomalies") == [(0,)]
    assert home.ask("select feed, partition_key, count(*) from reports.files group by all order by all") == [
        ("dataset_changes", None, 2),
        ("datasets", "old", 3),
        ("datasets", "other", 9),
    ]
    records = sorted(path.name.split("_")[-1] for path in (home.path / "archive" / "dataset_changes").iterdir())
    assert records == ["delete.jsonl", "rename.jsonl"]
    before = home.tables()
    with built_directly(checked=False):
        assert home.vsf("rebuild").exit_code == 0
    assert home.tables() == before


def test_a_dictionary_as_a_spreadsheet_gives_it_can_be_browsed(home: Home) -> None:
    files = small_dataset(
        namespaces=["ns-3 ,Fund,fund", ",,", ",,"],
        columns=[" c-1, ns-3,db,t,col,dp-1,Owner Name", ",,,,,,"],
        datapoints=["dp-1,W\xe4hrung,name,,,,,,,FALSE,"],
    )
    sheet = {name: content.decode().replace(",", ";") for name, content in files.items()}
    head, rest = sheet["columns.csv"].split("\n", 1)
    home.drop(
        {
            "datasets/steward_one/namespaces.csv": "sep=;\r\n" + sheet["namespaces.csv"].replace("\n", "\r\n"),
            "datasets/steward_one/columns.csv": head.upper().replace("NAMESPACE_ID", "Namespace_ID ") + ";;\n" + rest,
            "datasets/steward_one/datapoints.csv": sheet["datapoints.csv"].encode("cp1252"),
        }
    )
    home.load()
    found = home.vsf("report", "choices", "--dataset", "steward_one", "--namespace", "ns-3", "--format", "json")
    assert [row["dataset_database_name"] for row in json.loads(found.output)] == ["db"]
    reasons = home.ask(
        "select file_name, line_number, anomaly, severity, reason from reports.anomalies"
        " where partition_key = 'steward_one' order by all"
    )
    trimmed = "{0} is '{1}'; it was trimmed and is read as '{2}'"
    assert reasons == [
        ("columns.csv", 2, "invalid_value", "warning", trimmed.format("column_id", " c-1", "c-1")),
        ("columns.csv", 2, "invalid_value", "warning", trimmed.format("namespace_id", " ns-3", "ns-3")),
        (
            "datapoints.csv",
            2,
            "invalid_encoding",
            "warning",
            "data_point_name is not valid UTF-8; this looks like Windows-1252 ('W\xe4hrung'): save the file as UTF-8",
        ),
        ("namespaces.csv", 3, "invalid_value", "warning", trimmed.format("namespace_id", "ns-3 ", "ns-3")),
    ]
    assert home.ask("select file_name, lines_read, rows_blank from reports.files order by 1") == [
        ("columns.csv", 2, 1),
        ("datapoints.csv", 1, 0),
        ("namespaces.csv", 3, 2),
    ]
