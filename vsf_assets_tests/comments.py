"""Comments in a database, as an analyst's tool reads them.

Here: queries that tests of comments share. Not here: any expected text.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LAYERS = ("raw", "marts", "reports")
Comments = dict[tuple[str, str | None], str | None]
"""(`schema.table`, column; None for the table itself) -> its comment."""


def read_comments(connection: "DuckDBPyConnection", layers: tuple[str, ...] = LAYERS) -> Comments:
    """Return the comment of every table and column of some schemas; None where there is none."""
    sql = """
        select schema_name || '.' || table_name, null, comment from duckdb_tables()
        where list_contains($1, schema_name) and database_name = current_database()
        union all
        select schema_name || '.' || table_name, column_name, comment from duckdb_columns()
        where list_contains($1, schema_name) and database_name = current_database()
    """
    return {(table, column): text for table, column, text in connection.execute(sql, [list(layers)]).fetchall()}


def uncommented(connection: "DuckDBPyConnection") -> list[tuple[str, str | None]]:
    """Return the tables and columns of raw, marts and reports without a comment; there must be some with one."""
    found = read_comments(connection)
    assert {table.split(".")[0] for table, _ in found} == set(LAYERS)
    return [place for place, text in found.items() if not text]
