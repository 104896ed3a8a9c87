"""The data point report: the data points of selected columns, as JSON.

Here: their number, and the report, written data point by data point, since a dictionary may have millions. Not here:
selecting the rows (dataset_rows.py) and opening the file.
"""

import json
from typing import TYPE_CHECKING, Any, TextIO

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

_FETCHED = 2_000
_INDENT = 4

_LEVELS = ("owner", "namespace", "database")
"""What the report nests, from the top."""


def count_datapoints(connection: "DuckDBPyConnection", selection: DatasetRows) -> int:
    """Return the number of distinct data points of a selection.

    Raises:
        UsageError: there is no such dataset or version.
    """
    where, values = _condition(connection, selection)
    sql = f"select count(distinct data_point_id) from ({COLUMNS_SQL}) where {where}"  # noqa: S608 - bound values
    (count,) = connection.execute(sql, values).fetchall()[0]
    return int(count)


def write_datapoints(connection: "DuckDBPyConnection", selection: DatasetRows, file: TextIO) -> None:
    """Write the report, as `json.dumps` with an indent of 4 does, and a newline.

    Owners, namespaces, databases and data points have the order of columns.csv; each occurs once under its parent. A
    field with several texts is a list; an empty field is an empty text. A selection without data points is `{}`.

    Raises:
        UsageError: there is no such dataset or version.
    """
    where, values = _condition(connection, selection)
    result = connection.execute(_report_sql(where), values)
    open_place: tuple[str, ...] = ()
    while rows := result.fetchmany(_FETCHED):
        for owner, namespace, option, database, point, *fields in rows:
            place = (owner, namespace, database)
            if place == open_place:
                file.write(",\n")
            else:
                file.write(_close(open_place, place) + _open(open_place, place, option))
                open_place = place
            entry = {point: dict(zip(FIELDS, (field or "" for field in fields), strict=True))}
            file.write(_indented(json.dumps(entry, indent=_INDENT, ensure_ascii=False), 6))
    file.write(_close(open_place, ()) + "}\n" if open_place else "{}\n")


def _condition(connection: "DuckDBPyConnection", selection: DatasetRows) -> tuple[str, dict[str, Any]]:
    where, values = selection.condition(find_version(connection, selection.dataset, selection.version).number)
    return f"{where} and datapoint_key is not null", values


def _report_sql(where: str) -> str:
    """Return the query of the report; a row is a data point of a place.

    There are many more columns than data points, so each data point is fetched once per place.
    """
    fields = ", ".join(f"points.{name}" for name in FIELDS)
    firsts = [f"min(line) over (partition by {', '.join(_LEVELS[:depth])})" for depth in (1, 2, 3)]
    return f"""
        with chosen as (
            select
                replace(coalesce(dataset_owner_name, ''), ' ', '_') || '_namespaces' as owner,
                coalesce(namespace_id, '') as namespace,
                coalesce(dataset_database_name, '') as database,
                arg_min(coalesce(namespace_option_name, ''), line_number) as option,
                datapoint_key,
                min(line_number) as line
            from ({COLUMNS_SQL}) where {where}
            group by owner, namespace, database, datapoint_key
        )
        select chosen.owner, chosen.namespace, chosen.option, chosen.database, points.data_point_id, {fields}
        from (select *, {firsts[0]} as first, {firsts[1]} as second, {firsts[2]} as third from chosen) as chosen
        inner join marts.dim_datapoints as points using (datapoint_key)
        order by first, second, third, line
    """  # noqa: S608 - bound values


def _open(before: tuple[str, ...], place: tuple[str, ...], option: str) -> str:
    """Return the text that begins the levels of a place that are not open yet."""
    same = _same(before, place)
    text = "" if before else "{\n"
    if same < 1:
        text += f"{_pad(1)}{_quoted(place[0])}: {{\n"
    if same < 2:
        text += f"{_pad(2)}{_quoted(place[1])}: {{\n{_pad(3)}{_quoted('namespace_option_name')}: {_quoted(option)},\n"
        text += f"{_pad(3)}{_quoted('databases')}: [\n"
    return f"{text}{_pad(4)}{{\n{_pad(5)}{_quoted(place[2])}: [\n"


def _close(place: tuple[str, ...], after: tuple[str, ...]) -> str:
    """Return the text that ends the levels of a place that do not go on."""
    if not place:
        return ""
    same = _same(place, after)
    text = f"\n{_pad(5)}]\n{_pad(4)}}}"
    if same < 2:
        text += f"\n{_pad(3)}]\n{_pad(2)}}}"
    if same < 1:
        text += f"\n{_pad(1)}}}"
    return text + (",\n" if after else "\n")


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many levels from the top two places share."""
    if one[:1] != other[:1]:
        return 0
    return 2 if one[:2] == other[:2] else 1


def _indented(text: str, depth: int) -> str:
    return _pad(depth) + text.replace("\n", f"\n{_pad(depth)}")


def _pad(depth: int) -> str:
    return " " * _INDENT * depth


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
