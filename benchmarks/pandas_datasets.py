"""The anomalies of a dataset as a straightforward script: the csv module for lines, pandas for the rules.

Here: what one would write who needs the same findings with physical lines. Not here: the comparison (datasets.py).
"""

import csv
from pathlib import Path

import pandas as pd

REQUIRED = {
    "namespaces.csv": ["namespace_id", "namespace_option_name"],
    "columns.csv": [
        *("column_id", "namespace_id", "dataset_database_name", "dataset_table_name", "dataset_column_name"),
        "data_point_id",
    ],
    "datapoints.csv": ["data_point_id", "data_point_name"],
}

Reported = tuple[str, int, str]


def find_anomalies(folder: Path) -> set[Reported]:
    """Return (file, physical line, kind) of everything wrong with a dataset."""
    reported: set[Reported] = set()
    frames = {name: _read(folder / name, required, reported) for name, required in REQUIRED.items()}
    for name, frame in frames.items():
        fields = [column for column in frame.columns if not column.startswith("_")]
        key = frame[frame[fields[0]] != ""]
        repeated = key[key.duplicated(fields[0])]
        equal = key.duplicated(fields)
        reported |= {
            (name, line, "duplicate_row" if equal[at] else "duplicate_key") for at, line in repeated._line.items()
        }
    columns, points = frames["columns.csv"], frames["datapoints.csv"]
    for name, key_name in (("namespaces.csv", "namespace_id"), ("datapoints.csv", "data_point_id")):
        unknown = columns[(columns[key_name] != "") & ~columns[key_name].isin(frames[name][key_name])]
        reported |= {("columns.csv", line, "unknown_reference") for line in unknown._line}
    odd = points[~points.is_derived.isin(["TRUE", "FALSE", ""])]
    return reported | {("datapoints.csv", line, "invalid_value") for line in odd._line}


def _read(path: Path, required: list[str], reported: set[Reported]) -> pd.DataFrame:
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        line = reader.line_num + 1
        for row in reader:
            width = len(row)
            if width < len(header):
                reported.add((path.name, line, "missing_fields"))
            elif width > len(header):
                reported.add((path.name, line, "extra_fields"))
            rows.append([*row[: len(header)], *[""] * (len(header) - width), line, width])
            line = reader.line_num + 1
    frame = pd.DataFrame(rows, columns=[*header, "_line", "_width"])
    for column in required:
        empty = frame[(frame[column] == "") & (frame._width > header.index(column))]
        reported |= {(path.name, found, "missing_value") for found in empty._line}
    return frame
