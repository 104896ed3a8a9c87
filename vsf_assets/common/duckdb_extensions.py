"""Finds and loads DuckDB's extensions, which are installed as Python packages; DuckDB downloads nothing.

Here: the file of an extension in its package, and loading it. Not here: what is done with it (storage/httpfs.py,
warehouse/forms/). A package holds one extension for exactly one version of DuckDB.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


OWN_SQL_ONLY: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_unsigned_extensions": True,
}
"""Settings of a connection that loads these files and runs no SQL of people. Checking the signature of an extension
costs 0.15 s of processor time for each connection, and tells of files of an installed package no more than it does of
its Python modules. Where people's SQL could load a file of its own, the check stays."""


def extension_file(name: str) -> Path:
    """Return the path of an extension, e.g. of `httpfs`.

    Raises:
        VsfError: its package is not installed, or is for another version of DuckDB.
    """
    import duckdb

    package = find_spec(f"duckdb_extension_{name}")
    folders = list(package.submodule_search_locations or ()) if package else []
    file = Path(*folders[:1]) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not folders or not file.exists():
        raise VsfError(
            f"DuckDB {duckdb.__version__} has no {name} here; install duckdb-extension-{name}=={duckdb.__version__}"
        )
    return file


def load_statement(name: str) -> str:
    """Return the SQL that loads an extension; raises the errors of `extension_file`."""
    return f"load '{sql_text(extension_file(name))}'"


def load_extension(connection: "DuckDBPyConnection", name: str) -> None:
    """Load an extension; raises the errors of `extension_file`."""
    connection.execute(load_statement(name))


def sql_text(value: object) -> str:
    """Return a text as it stands between quotes in SQL, for statements that allow no parameters."""
    return str(value).replace("'", "''")
