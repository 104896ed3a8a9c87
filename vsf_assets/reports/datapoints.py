"""The data point report: what a selection of columns stands for, as JSON.

Here: the report as a dictionary. Not here: choosing the rows (selection.py) and writing the file.
"""

from typing import TYPE_CHECKING, Any

from vsf_assets.reports.selection import COLUMNS_SQL, Selection, find_version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIELDS = (
    "data_point_standard_name",
    "approved_abbreviations",
    "data_point_definition",
    "applicable_data_universes",
    "applicable_domicile",
    "data_type",
    "data_point_possible_values",
    "is_derived",
    "methodology_reference",
)
"""What is told of a data point, in this order."""


def datapoint_report(connection: "DuckDBPyConnection", selection: Selection) -> tuple[dict[str, Any], int]:
    """Return the report, and how many different data points it tells of; an empty one where there are none.

    Owners, namespaces, databases and data points stand in the order of columns.csv, each once where it belongs. Of a
    field that holds several texts a list is told; an empty field is an empty text.

    Raises:
        UsageError: there is no such dataset or version.
    """
    where, values = selection.condition(find_version(connection, selection.dataset, selection.version))
    told = ", ".join(f"points.{name}" for name in FIELDS)
    sql = (
        "select dataset_owner_name, namespace_id, namespace_option_name, dataset_database_name, data_point_id,"  # noqa: S608
        f" {told} from ({COLUMNS_SQL}) as chosen join (select datapoint_key, {', '.join(FIELDS)}"
        f" from marts.dim_datapoints) as points using (datapoint_key) where {where} order by line_number"
    )
    owners: dict[str, dict[str, Any]] = {}
    databases: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    seen, points = set[tuple[str, ...]](), set[str]()
    for owner, namespace, option, database, point, *fields in connection.execute(sql, values).fetchall():
        place = (f"{_text(owner).replace(' ', '_')}_namespaces", _text(namespace), _text(database))
        if place not in databases:
            entry = owners.setdefault(place[0], {}).setdefault(
                place[1], {"namespace_option_name": _text(option), "databases": []}
            )
            databases[place] = []
            entry["databases"].append({place[2]: databases[place]})
        if (*place, point) not in seen:
            databases[place].append({point: dict(zip(FIELDS, map(_text, fields), strict=True))})
        seen.add((*place, point))
        points.add(point)
    return owners, len(points)


def _text(value: Any) -> Any:
    """Return a value of the report: an empty field or list is an empty text."""
    return value or ""
