"""What each raw table promises, written once; see table.py for the type, projections.py for its uses.

A family's contracts live in a module of this package that has a tuple `TABLES`; modules are found
by themselves. May not import Dagster, DuckDB or anything that does input or output.
"""

import importlib
import pkgutil
from functools import cache

from vsf_assets.contracts.table import Table

_NOT_CONTRACTS = {"table", "projections", "dictionary", "sentences"}


@cache
def all_tables() -> dict[str, Table]:
    """Return every declared table by name; importing them loads pandera (about half a second)."""
    from vsf_assets.settings import fix_surroundings

    fix_surroundings()  # pandera and polars read some variables when they are imported
    found: dict[str, Table] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        if module in _NOT_CONTRACTS:
            continue
        for table in importlib.import_module(f"{__name__}.{module}").TABLES:
            if table.name in found:
                raise ValueError(f"two contracts for {table.name}")
            found[table.name] = table
    return found


def get_table(name: str) -> Table:
    """Return the contract of `schema.table`; raises KeyError for a table nobody declared."""
    return all_tables()[name]
