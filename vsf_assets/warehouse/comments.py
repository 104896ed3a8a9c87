"""Writes the database comments on raw tables and their columns, which SQL clients show.

Here: writing the comments that differ from the contracts, in one transaction. Not here: the texts (contracts/) and the
comments on marts and reports, which every build writes (dbt_project/macros/comments.sql).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from vsf_assets.contracts.derived_schemas import columns
from vsf_assets.contracts.descriptions import table_comment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.contracts.table import Table

_STORED = """
    select schema_name || '.' || table_name as name, null as column_name, comment
    from duckdb_tables() where schema_name = 'raw' and database_name = current_database()
    union all
    select schema_name || '.' || table_name, column_name, comment
    from duckdb_columns() where schema_name = 'raw' and database_name = current_database()
"""


def ensure_comments(connection: "DuckDBPyConnection", tables: Iterable["Table"]) -> None:
    """Write the comments that are missing or differ from the contracts.

    Args:
        connection: the warehouse, opened for writing, outside of a transaction; the tables exist.
        tables: contracts of the raw tables.
    """
    stored = {(name, column): comment for name, column, comment in connection.execute(_STORED).fetchall()}
    missing = comment_statements(tables, stored)
    if missing:
        connection.execute("; ".join(["begin transaction", *missing, "commit"]))


def comment_statements(
    tables: Iterable["Table"], stored: Mapping[tuple[str, str | None], str | None] = MappingProxyType({})
) -> list[str]:
    """Return the statements that write the comments which `stored` lacks: (table, column or None) -> comment."""
    wanted = (item for table in tables for item in _comments(table))
    return [_statement(*place, text) for place, text in wanted if stored.get(place) != text]


def _comments(table: "Table") -> Iterator[tuple[tuple[str, str | None], str]]:
    """Yield ((table, column), comment); column is None for the comment on the table."""
    yield (table.name, None), table_comment(table)
    for column in columns(table):
        yield (table.name, column.name), column.description


def _statement(table: str, column: str | None, text: str) -> str:
    target = f"table {table}" if column is None else f'column {table}."{column}"'
    literal = text.replace("'", "''")
    return f"comment on {target} is '{literal}'"
