"""Opens DuckDB connections that print nothing.

Here: the one call of `duckdb.connect`. Its Python package turns the progress bar on in a process whose main module is
no file, such as a worker process of multiprocessing or `python -c`; after two seconds of work it would write into the
command's output. Not here: which file, with which settings (warehouse/connection.py, snapshots/), and dbt's connection,
which its profile configures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(
    file: Path | str = ":memory:",
    *,
    read_only: bool = False,
    config: Mapping[str, str | bool | int | float | list[str]] | None = None,
) -> "DuckDBPyConnection":
    """Open a DuckDB file, or a new database in memory; the caller closes it.

    Args:
        file: the file.
        read_only: whether it is opened for reading only.
        config: settings with which it is opened.

    Raises:
        duckdb.Error: it cannot be opened.
    """
    import duckdb

    connection = duckdb.connect(str(file), read_only=read_only, config=dict(config or {}))
    try:
        # Not among `config`: it belongs to the connection. A cursor of the connection has it off by default.
        connection.execute("set enable_progress_bar = false")
    except BaseException:
        connection.close()
        raise
    return connection
