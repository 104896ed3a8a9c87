"""Selects rows of a dataset version: namespaces, databases, tables, columns.

Here: finding the version and the rows of a selection, and listing the next level. Not here: writing files.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import UsageError
from vsf_assets.common.suggestions import did_you_mean

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEVELS = ("namespace", "database", "table", "column")
"""The levels of a selection, from the top; below a column are its data points."""

_NAMES = {"database": "dataset_database_name", "table": "dataset_table_name", "column": "dataset_column_name"}
CHOICES = {
    "namespace": "namespace_id, namespace_option_name, count(distinct dataset_database_name) as databases",
    "database": "dataset_database_name, count(distinct dataset_table_name) as tables",
    "table": "dataset_database_name, dataset_table_name, count(distinct dataset_column_name) as columns",
    "column": (
        "dataset_database_name, dataset_table_name, dataset_column_name,"
        " count(distinct data_point_id) filter (datapoint_key is not null) as data_points"
    ),
    "data point": (
        "dataset_database_name, dataset_table_name, dataset_column_name, data_point_id, data_point_name, data_type"
    ),
}
"""Level -> the displayed columns, as SQL."""

COLUMNS_SQL = """
    select columns.*, namespaces.namespace_option_name, points.data_point_name, points.data_type
    from marts.fct_dataset_columns as columns
    left join marts.dim_namespaces as namespaces using (namespace_key)
    left join marts.dim_datapoints as points using (datapoint_key)
"""

NAMESPACES_SQL = """
    select dataset, version, namespace_id, namespace_option_name from marts.dim_namespaces
"""
"""Rows for namespaces alone, which may have no columns."""


@dataclass(frozen=True)
class DatasetRows:
    """The selected rows of a dataset.

    Attributes:
        dataset: its name.
        version: number of the version; None for the current one.
        names: level -> the selected names; a level without names is not restricted. A namespace is selected by its
            id or its option name.
    """

    dataset: str
    version: int | None
    names: dict[str, tuple[str, ...]]

    def condition(self, version: int) -> tuple[str, dict[str, Any]]:
        """Return an SQL condition on the rows of COLUMNS_SQL, and the values of its parameters."""
        parts, values = ["dataset = $dataset", "version = $version"], {"dataset": self.dataset, "version": version}
        values |= {level: list(names) for level, names in self.names.items() if names}
        if self.names.get("namespace"):
            parts.append(
                "(list_contains($namespace, namespace_id) or list_contains($namespace, namespace_option_name))"
            )
        parts += [f"list_contains(${level}, {name})" for level, name in _NAMES.items() if self.names.get(level)]
        return " and ".join(parts), values


@dataclass(frozen=True)
class Version:
    """A version of a dataset.

    Attributes:
        dataset: name of the dataset.
        number: number of the version, from 1.
        is_complete: whether it has its three files.
    """

    dataset: str
    number: int
    is_complete: bool

    @property
    def warning(self) -> str:
        """The warning about an incomplete version; empty if it is complete."""
        if self.is_complete:
            return ""
        words = f"vsf report anomalies --dataset {shlex.quote(self.dataset)} --version {self.number}"
        return (
            f"version {self.number} of dataset {self.dataset} is incomplete: one of its three files did not come or"
            f" could not be read; see: {words}"
        )


def no_such_dataset(name: str, names: Sequence[str]) -> str:
    """Return the message about an unknown dataset, with the one of `names` that was probably meant."""
    return f"there is no dataset {name!r}; datasets: {', '.join(names) or 'none yet'}{did_you_mean(name, names)}"


def find_version(
    connection: "DuckDBPyConnection", dataset: str, version: int | None, *, newest: bool = False
) -> Version:
    """Return a version of a dataset.

    Args:
        connection: a connection to a snapshot.
        dataset: name of the dataset.
        version: number of the version; None for the current one, or the newest if none is complete.
        newest: whether None means the newest version, complete or not.

    Raises:
        UsageError: there is no such dataset or version.
    """
    sql = "select version, is_current, is_complete from marts.dim_dataset_versions where dataset = ? order by version"
    versions = connection.execute(sql, [dataset]).fetchall()
    if not versions:
        names = connection.execute("select distinct dataset from marts.dim_dataset_versions order by 1").fetchall()
        raise UsageError(no_such_dataset(dataset, [name for (name,) in names]))
    listed = ", ".join(f"{number}{'' if whole else ' (incomplete)'}" for number, _, whole in versions)
    known = {int(number): bool(is_complete) for number, _, is_complete in versions}
    current = [int(number) for number, is_current, _ in versions if is_current]
    number = version
    if number is None:
        number = max(known) if newest or not current else current[0]
    if number not in known:
        raise UsageError(f"dataset {dataset} has no version {number}; versions: {listed}")
    return Version(dataset, number, known[number])


def choices(connection: "DuckDBPyConnection", selection: DatasetRows) -> tuple[str, list[str], list[tuple[Any, ...]]]:
    """Return the level below the last selected one, its displayed columns, and its rows."""
    version = find_version(connection, selection.dataset, selection.version).number
    named = [place for place, level in enumerate(LEVELS) if selection.names.get(level)]
    level = [*LEVELS, "data point"][max(named) + 1 if named else 0]
    where, values = selection.condition(version)
    if level == "data point":
        where += " and datapoint_key is not null"
    shown = CHOICES[level]
    grouped = "group by all" if "count(" in shown else ""
    rows = COLUMNS_SQL + ("union all by name" + NAMESPACES_SQL if level == "namespace" else "")
    sql = f"select {shown} from ({rows}) where {where} {grouped} order by all"  # noqa: S608 - bound values
    result = connection.execute(sql, values)
    return level, [column[0] for column in result.description or []], result.fetchall()
