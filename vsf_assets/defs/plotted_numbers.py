"""Business numbers of the marts, which the UI draws as plots over the builds: revenue of a quarter, events of a day.

Here: evaluating the SQL that the models declare in `meta.plots`, on the published snapshot. Not here: the numbers
themselves (the models' .yml files), and row counts, which every table has.
"""

from collections.abc import Collection, Mapping
from typing import Any

from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import Snapshot

META = "plots"


def declared_plots(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return table (`schema.name`) -> name of the number -> an SQL expression that aggregates the table."""
    models = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    found = {f"{node['schema']}.{node['alias']}": node["config"]["meta"].get(META) for node in models}
    return {table: plots for table, plots in found.items() if plots}


def plotted_numbers(
    manifest: Mapping[str, Any], snapshot: Snapshot | None, tables: Collection[str], lake: str = ""
) -> dict[str, dict[str, float]]:
    """Return table -> name -> number, of those among some tables that declare numbers; what is null is left out.

    Args:
        manifest: dbt's manifest.
        snapshot: the published snapshot; without one there are no numbers.
        tables: the tables that the build made.
        lake: as in `connect_snapshot`.

    Raises:
        duckdb.Error, OSError: an expression is wrong, or the snapshot cannot be opened.
    """
    wanted = {table: plots for table, plots in declared_plots(manifest).items() if table in tables}
    if snapshot is None or not wanted:
        return {}
    numbers = {}
    with connect_snapshot(snapshot, lake) as connection:
        for table, plots in wanted.items():
            sql = f"select {', '.join(plots.values())} from {table}"  # noqa: S608 - the models' own expressions
            row = connection.execute(sql).fetchone() or ()
            found = zip(plots, row, strict=True)
            numbers[table] = {name: float(value) for name, value in found if value is not None}
    return numbers
