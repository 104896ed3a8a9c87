"""Uploads of datasets in tests: their files as text, and landing them.

Here: helpers without assertions on results. Not here: the defects a test is about.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vsf_assets_tests.warehouses import Home

NAMESPACES = ("namespace_id", "namespace_option_name", "namespace_option_standard_name")
COLUMNS = (
    "column_id",
    "namespace_id",
    "dataset_database_name",
    "dataset_table_name",
    "dataset_column_name",
    "data_point_id",
    "dataset_owner_name",
)
DATAPOINTS = (
    "data_point_id",
    "data_point_name",
    "data_point_standard_name",
    "approved_abreviations",
    "data_point_definition",
    "applicable_data_universes",
    "applicable_domicile",
    "data_type",
    "data_point_possible_values",
    "is_derived",
    "methodology_reference",
)
HEADERS = {"namespaces.csv": NAMESPACES, "columns.csv": COLUMNS, "datapoints.csv": DATAPOINTS}


def csv_of(name: str, *lines: str) -> bytes:
    """Return a file of a dataset with these lines below its header."""
    return "\n".join([",".join(HEADERS[name]), *lines, ""]).encode()


def small_dataset(**lines: Sequence[str]) -> dict[str, bytes]:
    """Return the three files of a dataset; `lines` replaces those of a file, e.g. namespaces=["ns-1,Fund,fund"]."""
    given: dict[str, Sequence[str]] = {
        "namespaces": ["ns-1,Fund,fund"],
        "columns": ["c-1,ns-1,db,t,col,dp-1,Owner Name"],
        "datapoints": ["dp-1,Name,name,a|b,what,,Global|US,Date,,FALSE,"],
    } | dict(lines)
    return {f"{name}.csv": csv_of(f"{name}.csv", *found) for name, found in given.items()}


def land_dataset(home: Home, name: str, files: Mapping[str, bytes], minute: int = 0) -> list[Path]:
    """Put the files of a dataset into the landing zone, a minute apart, the last one last."""
    return [
        home.land(f"datasets/{name}/{file}", content, minute + place)
        for place, (file, content) in enumerate(files.items())
    ]


def load(home: Home, reload: str = "changed") -> None:
    """Ingest what is pending of the datasets; nothing may fail or be left."""
    report = home.ingest(feeds=["datasets"], reload=reload)
    assert (report.failed, report.left) == ([], [])
