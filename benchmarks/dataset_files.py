"""A dataset with many columns and defects of every kind that pandas can tell: made once, kept beside the homes.

Here: the files. Not here: reading them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vsf_assets.fakes.frames import made_rows

HEADERS = {
    "namespaces.csv": "namespace_id,namespace_option_name,namespace_option_standard_name",
    "columns.csv": "column_id,namespace_id,dataset_database_name,dataset_table_name,dataset_column_name,"
    "data_point_id,dataset_owner_name",
    "datapoints.csv": "data_point_id,data_point_name,data_point_standard_name,approved_abreviations,"
    "data_point_definition,applicable_data_universes,applicable_domicile,data_type,data_point_possible_values,"
    "is_derived,methodology_reference",
}
EVERY = 500
"""One row of so many has a certain defect; there are seven of them in columns.csv."""

SEED = 20190520
_PLACES: tuple[dict[str, Any], ...] = (
    {"name": "namespace", "type": "Integer", "to": 49},
    {"name": "database", "type": "Choice", "values": [f"db_{number}" for number in range(20)]},
    {"name": "table", "type": "Integer", "to": 1999},
    {"name": "column", "type": "Integer", "to": 9972},
    {"name": "owner", "type": "Choice", "values": ["Fund Data", "Index Data", "Risk", "Market Data", "Reference"]},
)


def dataset_folder(root: Path, rows: int) -> Path:
    """Return the folder of a dataset with so many rows in columns.csv; it is made where missing."""
    folder = root / f"made-dataset-{rows}"
    if folder.exists():
        return folder
    made = folder.with_suffix(".tmp")
    made.mkdir(parents=True, exist_ok=True)
    points = max(rows // 50, 10)
    makers = {"namespaces.csv": _namespaces(), "columns.csv": _columns(rows, points), "datapoints.csv": _points(points)}
    for name, lines in makers.items():
        with (made / name).open("w", encoding="utf-8") as file:
            file.write(HEADERS[name] + "\n")
            file.writelines(f"{line}\n" for line in lines)
    made.rename(folder)
    return folder


def _namespaces() -> Iterator[str]:
    for number in range(50):
        yield f"ns-{number},Option {number}" + ("" if number % 10 == 3 else f",option_{number}")


def _columns(rows: int, points: int) -> Iterator[str]:
    of_rows = (*_PLACES, {"name": "point", "type": "Integer", "to": points - 1})
    made = made_rows(of_rows, rows, SEED).iter_rows()
    for number, (namespace, database, table, column, owner, point) in enumerate(made):
        place = f"{database},table_{table},column_{column}"
        row = f"c-{number},ns-{namespace},{place},dp-{point},{owner}"
        yield {
            11: row.rsplit(",", 2)[0],
            23: f"{row},surplus",
            37: row.replace(f"ns-{namespace},", "ns-none,", 1),
            41: row.replace(f",dp-{point},", ",dp-none,"),
            53: f"c-{number - 1},ns-1,{place},dp-1,Another",
            67: f"c-{number},ns-1,,t,c,dp-1,Owner",
            79: f'c-{number},ns-1,"db\n{number}",t,c,dp-1,Owner',
            80: f'c-{number - 1},ns-1,"db\n{number - 1}",t,c,dp-1,Owner',
        }.get(number % EVERY, row)


def _points(points: int) -> Iterator[str]:
    for number in range(points):
        derived = "perhaps" if number % EVERY == 7 else "FALSE"
        yield f"dp-{number},Point {number},point_{number},p|pt,What it means,,Global|US,Text,a|b,{derived},"
