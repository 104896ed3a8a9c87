"""Refuses to publish a snapshot with an empty mart whose raw tables hold rows.

Here: the conditions `meta.not_empty_if` of the models, and the refusal. Not here: when it runs (publish.py,
pipeline/build.py). A variable, an option or a new version of dbt may build a table without its rows; every test of dbt
then passes, since no row breaks a rule. No rule can decide whether far fewer rows than before are correct: the tests of
the models prove sums.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import BuildRefusedError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

META = "not_empty_if"


class EmptyTablesError(BuildRefusedError):
    """Marts or reports are empty although rows of the raw tables qualify for them."""


def conditions(manifest: Path) -> dict[str, str]:
    """Return table (`schema.name`) -> the SQL condition on raw tables under which it must have at least one row.

    Args:
        manifest: dbt's manifest of the current models (dbt_runner.ensure_manifest).

    Raises:
        OSError: there is no manifest.
    """
    found = manifest.stat()
    return dict(_conditions(manifest, found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=4)
def _conditions(manifest: Path, *_: int) -> dict[str, str]:
    """Read the manifest, which holds megabytes, once for each of its states."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    models = (node for node in nodes if node["resource_type"] == "model")
    found = {f"{node['schema']}.{node['alias']}": node["config"]["meta"].get(META) for node in models}
    return {table: sql for table, sql in found.items() if sql}


def empty_tables(connection: "DuckDBPyConnection", counts: Mapping[str, int], wanted: Mapping[str, str]) -> list[str]:
    """Return the tables that are empty or missing although their condition holds.

    Args:
        connection: a connection to the copy; its tables are named `schema.name`.
        counts: `schema.name` -> number of rows of every table of the copy. Without a recorded build (raw.builds) there
            are no marts, and no table is returned.
        wanted: the result of `conditions`. A condition is evaluated only if its table is empty.
    """
    if not counts.get("raw.builds"):
        return []
    empty = [table for table in wanted if not counts.get(table)]
    return [table for table in sorted(empty) if _holds(connection, wanted[table])]


def refuse_empty_tables(connection: "DuckDBPyConnection", counts: Mapping[str, int], wanted: Mapping[str, str]) -> None:
    """Refuse a snapshot with empty tables; see `empty_tables` for the arguments.

    Raises:
        EmptyTablesError: at least one table is empty although its condition holds; the message names the tables.
    """
    found = empty_tables(connection, counts, wanted)
    if found:
        raise EmptyTablesError(
            f"not published, the earlier snapshot stays current: no rows in {', '.join(found)}, although the raw tables"
            " hold rows for them. The next run builds every mart again; if it fails in the same way, a model is wrong"
        )


def _holds(connection: "DuckDBPyConnection", condition: str) -> bool:
    """Whether a condition of the models holds; conditions are SQL of the project, not of a user."""
    row = connection.execute(f"select {condition}").fetchone()
    return bool(row and row[0])
