"""Describes a table to people: the text of its comment, with key and references.

Here: the text from a contract, and the common form of all table comments. Not here: writing comments
(warehouse/comments.py) and the comments of dbt's models (dbt_project/macros/comments.sql; a test compares their form).
"""

from collections.abc import Iterable, Sequence

from vsf_assets.contracts.table import LINEAGE, Table


def description(table: Table) -> str:
    """Describe one row of a raw table, and say if its key may repeat."""
    text = f"One row is {table.grain}."
    if table.lineage and table.key:
        text += " The key may repeat here; the models settle which row stands."
    return text


def references(table: Table) -> tuple[tuple[str, str], ...]:
    """Return (column, referenced `schema.table.column`); the reference of the lineage column comes first."""
    lineage = ((LINEAGE[0], "raw.files.file_id"),) if table.lineage else ()
    return (*lineage, *table.references)


def comment(text: str, key: Sequence[str], refers: Iterable[tuple[str, str]]) -> str:
    """Return a table's comment: its description, then its key and references, if any.

    Args:
        text: the description.
        key: columns of the key.
        refers: (column, referenced `schema.table.column`).
    """
    parts = [" ".join(text.split())]
    if key:
        parts.append(f"Key: {', '.join(key)}.")
    if named := sorted(f"{column} to {target}" for column, target in refers):
        parts.append(f"References: {', '.join(named)}.")
    return " ".join(parts)


def table_comment(table: Table) -> str:
    """Return the comment of a raw table."""
    return comment(description(table), table.key, references(table))
