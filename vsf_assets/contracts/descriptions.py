"""Describes a table to people: the text of its comment, with key and references.

Here: text from a contract, and the one form that comments of all tables have. Not here: writing comments
(warehouse/comments.py) and those of dbt's models (dbt_project/macros/comments.sql; a test holds them to this form).
"""

from collections.abc import Iterable, Sequence

from vsf_assets.contracts.table import LINEAGE, Table


def description(table: Table) -> str:
    """Return what one row of a raw table is, and whether its key may repeat there."""
    text = f"One row is {table.grain}."
    if table.lineage and table.key:
        text += " The key may repeat here; the models settle which row stands."
    return text


def references(table: Table) -> tuple[tuple[str, str], ...]:
    """Return (column, `schema.table.column` that its values are of), that of the lineage column first."""
    lineage = ((LINEAGE[0], "raw.files.file_id"),) if table.lineage else ()
    return (*lineage, *table.references)


def comment(text: str, key: Sequence[str], refers: Iterable[tuple[str, str]]) -> str:
    """Return a table's comment: its description, then key and references, where it has them.

    Args:
        text: the description.
        key: columns of the key.
        refers: (column, `schema.table.column` that its values are of).
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
