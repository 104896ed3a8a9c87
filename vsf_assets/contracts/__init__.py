"""Contracts of raw tables: columns, types and rules, each written once.

A family's contracts live in a module of `by_family/` that has a tuple `TABLES`; modules are found
by themselves. May not import Dagster, DuckDB or anything that does input or output.
"""

import importlib
import pkgutil
from functools import cache

from vsf_assets.contracts.table import Table


@cache
def all_tables() -> dict[str, Table]:
    """Return every declared table by name; importing them loads pandera (about half a second)."""
    from vsf_assets.config.settings import fix_surroundings

    fix_surroundings()  # pandera and polars read some variables when they are imported
    found: dict[str, Table] = {}
    families = importlib.import_module(f"{__name__}.by_family")
    modules = [f"{families.__name__}.{m.name}" for m in pkgutil.iter_modules(families.__path__)]
    for module in sorted([*modules, f"{__name__}.ledger"]):
        for table in importlib.import_module(module).TABLES:
            if table.name in found:
                raise ValueError(f"two contracts for {table.name}")
            found[table.name] = table
    return found


def get_table(name: str) -> Table:
    """Return the contract of `schema.table`; raises KeyError for a table nobody declared."""
    return all_tables()[name]
