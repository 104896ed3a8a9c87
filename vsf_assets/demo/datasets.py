"""Generates the demo's datasets: one with every anomaly, and one incomplete upload.

Here: their sizes, and the row of each defect. The anomaly duplicate_file is missing, because a demo lands each file
once. Not here: the rows (dataset_rows.py), the defects (csv_defects.py), and landing the files (cli/demo.py).
"""

from collections.abc import Iterable, Mapping

from vsf_assets.demo import SEED
from vsf_assets.demo.csv_defects import (
    Defect,
    blank,
    changed,
    lines_of,
    long,
    never_closed,
    other_delimiter,
    repeated,
    same_key,
    short,
)
from vsf_assets.demo.dataset_rows import dictionary, headers

FUNDS, FIRST_PART = "demo_funds", "demo_half_uploaded"
"""The names of the two datasets."""

NAMESPACES, POINTS, COLUMNS, UNUSED = 10, 34, 240, 4
"""The size of the dictionary. Unused namespaces and data points come last, so defects there break no reference."""

_PASTED = "The prospectus as a whole, pasted by mistake. " * 45_000
_DEFECTS: dict[str, dict[int, Defect]] = {
    "namespaces.csv": {
        1: other_delimiter,
        3: short(2),  # missing_fields
        6: changed({1: ""}),  # missing_value
        8: repeated,  # duplicate_row
        9: same_key,  # duplicate_key
    },
    "columns.csv": {
        20: same_key,  # duplicate_key
        40: changed({1: "ns-99"}),  # unknown_reference: namespace
        60: changed({5: "dp-404"}),  # unknown_reference: data point
        80: long,  # extra_fields
        100: short(6),  # missing_fields
        120: changed({3: ""}),  # missing_value
        140: changed({0: ""}),  # missing_value of the key: the row is not loaded
        160: repeated,  # duplicate_row
        180: never_closed(3),  # unbalanced_quote; the following rows must not have quotes
        200: blank,
        220: other_delimiter,
    },
    "datapoints.csv": {
        2: changed(
            {4: 'As the "handbook" has it,\nin its first chapter'}
        ),  # a quoted field of two lines, which is valid
        8: changed({4: "=TODAY()", 9: "maybe"}),  # invalid_value
        12: changed({1: "Soci\udce9t\udce9"}),  # invalid_encoding
        16: short(5),  # missing_fields
        20: changed({1: ""}),  # missing_value
        24: long,  # extra_fields
        30: changed({4: _PASTED}),  # line_too_long
        32: repeated,  # duplicate_row
        33: same_key,  # duplicate_key
    },
}


def dataset_files(seed: int = SEED) -> dict[str, bytes]:
    """Return path in the landing zone -> content; the defects have the same rows for every seed."""
    header = {name: ",".join(columns) for name, columns in headers().items()}
    made = dictionary(NAMESPACES, POINTS, COLUMNS, seed, UNUSED)
    lines: Mapping[str, Iterable[str]] = {
        **{f"{FUNDS}/{name}": [header[name], *lines_of(rows, _DEFECTS[name].get)] for name, rows in made.items()},
        f"{FIRST_PART}/namespaces.csv": [header["namespaces.csv"]],  # empty_file
        f"{FIRST_PART}/columns.csv": ["id,name", "c-1,a"],  # unknown_header; datapoints.csv is a missing_file
    }
    return {
        f"datasets/{path}": "\n".join([*found, ""]).encode("utf-8", "surrogateescape") for path, found in lines.items()
    }
