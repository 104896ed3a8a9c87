"""The data point report: the data points of selected columns, as JSON.

Here: the report as a dictionary. Not here: choosing the rows (dataset_selection.py) and writing the file.
"""

from typing import TYPE_CHECKING, Any

from vsf_assets.reports.dataset_selection import COLUMNS_SQL, DatasetRows, find_version

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


def datapoint_report(connection: "DuckDBPyConnection", selection: DatasetRows) -> tuple[dict[str, Any], int]:
    """Return the report, and how many different data points it tells of; an empty one where there are none.

    Owners, namespaces, databases and data points stand in the order of columns.csv, each once where it belongs. Of a
    field that holds several texts a list is told; an empty field is an empty text.

    Raises:
        UsageError: there is no such dataset or version.
    """
    where, values = selection.condition(find_version(connection, selection.dataset, selection.version).number)
    shown = ", ".join(f"points.{name}" for name in FIELDS)
    place = ("dataset_owner_name", "namespace_id", "namespace_option_name", "dataset_database_name", "data_point_id")
    chosen = ", ".join(f"chosen.{name}" for name in place)
    # Columns are many more than their data points, so each is fetched once for its place.
    sql = (
        f"select {chosen}, {shown} from (select {', '.join(place)}, datapoint_key, min(line_number) as line_number"  # noqa: S608
        f" from ({COLUMNS_SQL}) where {where} group by all) as chosen join marts.dim_datapoints as points"
        " using (datapoint_key) order by chosen.line_number"
    )
    owners: dict[str, dict[str, Any]] = {}
    databases: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    seen, points = set[tuple[str, ...]](), set[str]()
    for owner, namespace, option, database, point, *fields in connection.execute(sql, values).fetchall():
        spot = (f"{_text(owner).replace(' ', '_')}_namespaces", _text(namespace), _text(database))
        if spot not in databases:
            entry = owners.setdefault(spot[0], {}).setdefault(
                spot[1], {"namespace_option_name": _text(option), "databases": []}
            )
            databases[spot] = []
            entry["databases"].append({spot[2]: databases[spot]})
        if (*spot, point) not in seen:
            databases[spot].append({point: dict(zip(FIELDS, map(_text, fields), strict=True))})
        seen.add((*spot, point))
        points.add(point)
    return owners, len(points)


def _text(value: Any) -> Any:
    """Return a value of the report: an empty field or list is an empty text."""
    return value or ""
