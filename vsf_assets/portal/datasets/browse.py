"""The cascade namespace → database → table → column → data points of one version.

Here: a selection, the choices of each level with their counts, and the data points, all in keyset pages, since a
dictionary may have millions of rows. Not here: the JSON report (reports/datapoints.py) and the look of a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.portal.datasets.versions import PAGE, DatasetVersion
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.reports.datapoints import FIELDS
from vsf_assets.reports.dataset_rows import LEVELS
from vsf_assets.snapshots.pool import OpenSnapshot

LONGEST = 1000
"""Characters of a name in the address."""

IN_SELECT = 200
"""Choices that a select holds; more are found in the list, page by page."""

_VALUES = {
    "namespace": "namespace_id",
    "database": "dataset_database_name",
    "table": "dataset_table_name",
    "column": "dataset_column_name",
}
_BELOW = {
    "namespace": ("database", "count(distinct dataset_database_name)"),
    "database": ("table", "count(distinct dataset_table_name)"),
    "table": ("column", "count(distinct dataset_column_name)"),
    "column": ("data point", "count(distinct data_point_id) filter (where datapoint_key is not null)"),
}
"""Level -> what is counted for each choice, in words and as SQL."""

_SOURCE = "marts.fct_dataset_columns"
_WITH_EMPTY_NAMESPACES = f"""(
    select namespace_id, dataset, version, dataset_database_name, null as option from {_SOURCE}
    union all
    select namespace_id, dataset, version, null, namespace_option_name from marts.dim_namespaces
)"""  # noqa: S608 - names of ours

_IDS = """
    select namespace_id from marts.dim_namespaces
    where dataset = $dataset and version = $version and (namespace_id = $given or namespace_option_name = $given)
"""


@dataclass(frozen=True)
class CascadeSelection:
    """What is selected of a version: a name for each level from the top, down to the level where the choice ends."""

    names: Mapping[str, str]

    @property
    def next_level(self) -> str:
        """The level to choose next; empty below a column."""
        return next((level for level in LEVELS if level not in self.names), "")

    @property
    def has_report(self) -> bool:
        """Whether a report can be written: it needs a namespace and a database."""
        return "database" in self.names

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the address."""
        return [(level, self.names[level]) for level in LEVELS if level in self.names]

    @property
    def of_report(self) -> dict[str, tuple[str, ...]]:
        """The names as the report takes them."""
        return {level: (name,) for level, name in self.names.items()}

    def above(self, level: str) -> "CascadeSelection":
        """Return the selection of the levels above one."""
        return CascadeSelection(
            {name: self.names[name] for name in LEVELS[: LEVELS.index(level)] if name in self.names}
        )

    def with_choice(self, level: str, name: str) -> "CascadeSelection":
        """Return the selection with another choice; what was chosen below it is gone."""
        return CascadeSelection({**self.above(level).names, level: name})


@dataclass(frozen=True)
class Choice:
    """A choice of a level: its name, its second name (of namespaces), and how many choices stand below it."""

    name: str | None
    title: str
    count: int


@dataclass(frozen=True)
class CascadePage:
    """A page of choices or data points; `next` is the last name if there are more, else empty."""

    rows: list[Any]
    next: str = ""


def read_selection(given: Mapping[str, str]) -> CascadeSelection:
    """Return the selection of an address; a name below a level without one is left out.

    Raises:
        WrongParameterError: a name is too long.
    """
    names: dict[str, str] = {}
    for level in LEVELS:
        name = given.get(level, "")
        if len(name) > LONGEST:
            raise WrongParameterError(f"the name of the {level} is longer than {LONGEST:,} characters")
        if not name:
            break
        names[level] = name
    return CascadeSelection(names)


def after_change(selection: CascadeSelection, earlier: Mapping[str, str]) -> CascadeSelection:
    """Return a selection made by selects: below a level that was changed, nothing is selected.

    Args:
        selection: what the selects say.
        earlier: level -> what was selected when the page was made.
    """
    for level in LEVELS:
        if selection.names.get(level, "") != earlier.get(level, ""):
            chosen = selection.names.get(level)
            return selection.with_choice(level, chosen) if chosen else selection.above(level)
    return selection


def choices(
    snapshot: OpenSnapshot,
    version: DatasetVersion,
    selection: CascadeSelection,
    level: str,
    search: str = "",
    after: str = "",
    limit: int = PAGE,
) -> CascadePage:
    """Return a page of the choices of a level below what is selected above it, by name, with their counts.

    Raises:
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    where, values = _condition(snapshot, version, selection.above(level))
    name, is_namespace = _VALUES[level], level == "namespace"
    title = "coalesce(max(option), '')" if is_namespace else "''"
    wanted = f"coalesce({name}, '') > $after" if after else "true"
    wanted += (
        f" and (contains(lower({name}), $search){' or contains(lower(option), $search)' if is_namespace else ''})"
        * bool(search)
    )
    values |= ({"after": after} if after else {}) | ({"search": search.casefold()} if search else {})
    sql = f"""
        select {name}, {title}, {_BELOW[level][1]} from {_WITH_EMPTY_NAMESPACES if is_namespace else _SOURCE}
        where {where} and {wanted} group by {name} order by {name} nulls first limit {limit + 1}
    """  # noqa: S608 - names of ours, bound values
    found = [Choice(*row) for row in snapshot.kept(sql, values, IN_SELECT + 1).rows]
    return CascadePage(found[:limit], found[limit - 1].name or "" if len(found) > limit else "")


def below(level: str) -> str:
    """Return what is counted for each choice of a level."""
    return _BELOW[level][0]


def count_datapoints(snapshot: OpenSnapshot, version: DatasetVersion, selection: CascadeSelection) -> int:
    """Return the number of distinct data points of a selection; raises what `choices` raises."""
    where, values = _condition(snapshot, version, selection)
    sql = f"select count(distinct data_point_id) from {_SOURCE} where {where} and datapoint_key is not null"  # noqa: S608
    return int(snapshot.kept(sql, values).rows[0][0])


def datapoints(
    snapshot: OpenSnapshot, version: DatasetVersion, selection: CascadeSelection, after: str = "", limit: int = PAGE
) -> CascadePage:
    """Return a page of the data points of a selection, by id; raises what `choices` raises."""
    where, values = _condition(snapshot, version, selection)
    fields = ", ".join(f"points.{field}" for field in ("data_point_id", "data_point_name", *FIELDS))
    sql = f"""
        select {fields} from marts.dim_datapoints as points
        where dataset = $dataset and version = $version and data_point_id > $after
        and datapoint_key in (select datapoint_key from {_SOURCE} where {where})
        order by data_point_id limit {limit + 1}
    """  # noqa: S608 - names of ours, bound values
    found = snapshot.kept(sql, {**values, "after": after}, PAGE + 1).records()
    return CascadePage(found[:limit], found[limit - 1]["data_point_id"] if len(found) > limit else "")


def _condition(
    snapshot: OpenSnapshot, version: DatasetVersion, selection: CascadeSelection
) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on the rows of columns, and the values of its parameters.

    A namespace is selected by its id or its option name, as the reports do.
    """
    of_version: dict[str, Any] = {"dataset": version.dataset, "version": version.number}
    parts, values = ["dataset = $dataset", "version = $version"], dict(of_version)
    for level, name in selection.names.items():
        if level == "namespace":
            found = snapshot.kept(_IDS, {**of_version, "given": name}).rows
            parts.append("list_contains($namespaces, namespace_id)")
            values["namespaces"] = sorted({name, *(row[0] for row in found)})
        else:
            parts.append(f"{_VALUES[level]} = ${level}_name")
            values[f"{level}_name"] = name
    return " and ".join(parts), values
