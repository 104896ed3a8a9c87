"""Contracts of raw tables: columns, types and rules, each written once.

Here: the look-up of contracts. Each family has a module in `by_family/` with a tuple `TABLES`; all modules there are
imported. Not here: Dagster, DuckDB, and input or output; contracts must not import them.
"""

import importlib
import pkgutil
from functools import cache

from vsf_assets.contracts.table import Table


@cache
def all_tables() -> dict[str, Table]:
    """Return all declared tables by name; the first call imports pandera (about half a second)."""
    from vsf_assets.config.settings import fix_surroundings

    fix_surroundings()  # pandera and polars read environment variables when they are imported
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
    """Return the contract of `schema.table`; raises KeyError for an undeclared table."""
    return all_tables()[name]
