"""The data point report: the data points of selected columns, as JSON.

Here: the report as a dictionary. Not here: selecting the rows (dataset_rows.py) and writing the file.
"""

from typing import TYPE_CHECKING, Any

from vsf_assets.reports.dataset_rows import COLUMNS_SQL, DatasetRows, find_version

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
"""The fields of a data point in the report, in this order."""


def datapoint_report(connection: "DuckDBPyConnection", selection: DatasetRows) -> tuple[dict[str, Any], int]:
    """Return the report, and the number of distinct data points in it; the report is empty if there are none.

    Owners, namespaces, databases and data points have the order of columns.csv; each occurs once under its parent. A
    field with several texts is a list; an empty field is an empty text.

    Raises:
        UsageError: there is no such dataset or version.
    """
    where, values = selection.condition(find_version(connection, selection.dataset, selection.version).number)
    shown = ", ".join(f"points.{name}" for name in FIELDS)
    place = ("dataset_owner_name", "namespace_id", "namespace_option_name", "dataset_database_name", "data_point_id")
    chosen = ", ".join(f"chosen.{name}" for name in place)
    # There are many more columns than data points, so each data point is fetched once per place.
    sql = (
        f"select {chosen}, {shown} from (select {', '.join(place)}, datapoint_key, min(line_number) as line_number"  # noqa: S608
        f" from ({COLUMNS_SQL}) where {where} group by all) as chosen join marts.dim_datapoints as points"
        " using (datapoint_key) order by chosen.line_number"
    )
    owners: dict[str, dict[str, Any]] = {}
    databases: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    seen, points = set[tuple[str, ...]](), set[str]()
    for owner, namespace, option, database, point, *fields in connection.execute(sql, values).fetchall():
        place_key = (f"{_text(owner).replace(' ', '_')}_namespaces", _text(namespace), _text(database))
        if place_key not in databases:
            entry = owners.setdefault(place_key[0], {}).setdefault(
                place_key[1], {"namespace_option_name": _text(option), "databases": []}
            )
            databases[place_key] = []
            entry["databases"].append({place_key[2]: databases[place_key]})
        if (*place_key, point) not in seen:
            databases[place_key].append({point: dict(zip(FIELDS, map(_text, fields), strict=True))})
        seen.add((*place_key, point))
        points.add(point)
    return owners, len(points)


def _text(value: Any) -> Any:
    """Return a value of the report: an empty field or list is an empty text."""
    return value or ""
