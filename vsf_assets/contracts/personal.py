"""Which columns of a snapshot hold personal data: declared once, with the contracts.

Here: the personal columns of any table by their names. Not here: the marks
(table.py), and what replaces a personal value (masking/pseudonyms.py).

A raw column is marked in its contract. Models rename columns and build keys from them; such names stand in
`PERSONAL_IN_MODELS` of the family's module. Names count in every schema of a snapshot and in any case, so that a model
that passes a column on needs no declaration.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from vsf_assets import contracts
from vsf_assets.contracts import all_tables
from vsf_assets.contracts.table import PERSONAL, TEXT

QUOTING = "quoting"
"""Kind of a column that quotes delivered values. They may be personal in every feed: a file may have a wrong name."""


def personal_kind(column: str) -> str:
    """Return the kind of personal data in a column of any table; empty for none."""
    lowered = column.lower()
    return personal_names().get(lowered) or (QUOTING if lowered in quoting_names() else "")


@cache
def personal_names() -> Mapping[str, str]:
    """Return the name of each personal column of feeds, in lower case -> its kind."""
    found = {
        name.lower(): column.metadata[PERSONAL]
        for table in all_tables().values()
        if table.lineage
        for name, column in table.schema.columns.items()
        if (column.metadata or {}).get(PERSONAL)
    }
    families = importlib.import_module(f"{contracts.__name__}.by_family")
    for module in pkgutil.iter_modules(families.__path__):
        found |= getattr(importlib.import_module(f"{families.__name__}.{module.name}"), "PERSONAL_IN_MODELS", {})
    return found


@cache
def quoting_names() -> frozenset[str]:
    """Return the names of columns of the ledger that quote delivered values, in lower case."""
    return frozenset(
        name.lower()
        for table in all_tables().values()
        if not table.lineage
        for name, column in table.schema.columns.items()
        if (column.metadata or {}).get(PERSONAL) == TEXT
    )


@cache
def personal_tables() -> frozenset[str]:
    """Return the names of raw tables with personal columns."""
    return frozenset(
        table.name
        for table in all_tables().values()
        if table.lineage and any((c.metadata or {}).get(PERSONAL) for c in table.schema.columns.values())
    )
