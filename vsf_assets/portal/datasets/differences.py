"""What changed between two versions of a dataset: rows added, removed and changed, by their keys.

Here: the counts and keyset pages, for columns, data points and namespaces. Not here: the look of a page.
"""

from dataclasses import dataclass
from typing import Any

from vsf_assets.portal.datasets.versions import PAGE
from vsf_assets.reports.datapoints import FIELDS
from vsf_assets.snapshots.pool import OpenSnapshot

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
KINDS = (ADDED, REMOVED, CHANGED)

_COLUMN_FIELDS = (
    *("namespace_id", "dataset_database_name", "dataset_table_name", "dataset_column_name"),
    *("data_point_id", "dataset_owner_name"),
)
SUBJECTS = {
    "columns": ("marts.fct_dataset_columns", "column_id", _COLUMN_FIELDS),
    "datapoints": ("marts.dim_datapoints", "data_point_id", ("data_point_name", *FIELDS)),
    "namespaces": (
        "marts.dim_namespaces",
        "namespace_id",
        ("namespace_option_name", "namespace_option_standard_name"),
    ),
}
"""Subject -> its table, its key, and the fields that are compared."""


@dataclass(frozen=True)
class Difference:
    """A row that is not the same in both versions.

    Attributes:
        key: its id.
        kind: added, removed or changed.
        fields: (field, value before, value after) of the fields that differ; all that have a value for other kinds.
    """

    key: str
    kind: str
    fields: list[tuple[str, Any, Any]]


def count_differences(snapshot: OpenSnapshot, name: str, old: int, new: int) -> dict[str, dict[str, int]]:
    """Return subject -> kind -> number of rows that differ.

    Raises:
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    values = {"name": name, "old": old, "new": new}
    found = {}
    for subject in SUBJECTS:
        sql = f"select kind, count(*) from ({_compared(subject)}) group by kind"  # noqa: S608 - names of ours
        counts = dict(snapshot.kept(sql, values).rows)
        found[subject] = {kind: counts.get(kind, 0) for kind in KINDS}
    return found


def differences(
    snapshot: OpenSnapshot, name: str, old: int, new: int, subject: str, after: str = "", limit: int = PAGE
) -> tuple[list[Difference], str]:
    """Return a page of the rows that differ, by key, and the last key if there are more, else an empty text.

    Raises:
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    table, key, fields = SUBJECTS[subject]
    values = {"name": name, "old": old, "new": new, "after": after, "limit": limit + 1}
    sql = f"select key, kind from ({_compared(subject)}) where key > $after order by key limit $limit"  # noqa: S608
    keys = snapshot.kept(sql, values, limit + 1).rows
    shown = keys[:limit]
    rows = f"select version, {key}, {', '.join(fields)} from {table} where dataset = $name and version in ($old, $new)"  # noqa: S608
    found = snapshot.query(
        f"{rows} and list_contains($keys, {key})",
        {"name": name, "old": old, "new": new, "keys": [shown_key for shown_key, _ in shown]},
    ).rows
    by_place = {(version, row_key): values for version, row_key, *values in found}
    nothing = [None] * len(fields)
    made = [
        Difference(
            row_key,
            kind,
            [
                (field, before, after_value)
                for field, before, after_value in zip(
                    fields, by_place.get((old, row_key), nothing), by_place.get((new, row_key), nothing), strict=True
                )
                if (before or None) != (after_value or None)
            ],
        )
        for row_key, kind in shown
    ]
    return made, shown[-1][0] if len(keys) > limit else ""


def _compared(subject: str) -> str:
    """Return the query of keys that differ, with the kind; hashes are compared, so that millions of rows fit."""
    table, key, fields = SUBJECTS[subject]
    content = f"hash({', '.join(fields)})"
    side = "select {key} as key, {content} as content from {table} where dataset = $name and version = {version}"
    old, new = (side.format(key=key, content=content, table=table, version=v) for v in ("$old", "$new"))
    return f"""
        select key, case when before.content is null then '{ADDED}' when after.content is null then '{REMOVED}'
            else '{CHANGED}' end as kind
        from ({old}) as before full join ({new}) as after using (key)
        where before.content is distinct from after.content
    """  # noqa: S608 - names of ours
