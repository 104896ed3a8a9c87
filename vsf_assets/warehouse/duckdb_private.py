"""Uses of undocumented behaviour of DuckDB's Python package.

Here: each such use, with its reason, its gain, and what it was checked with. Not here: SQL and settings that DuckDB
documents. A test fails with another version than `CHECKED`; `RECHECK` says what to look at then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vsf_assets.common.interpreter_tricks import hidden_modules

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

CHECKED = {"duckdb": ("1.5.5", "2.0.1")}

RECHECK = (
    "vsf_assets_tests/engine/test_inserting.py (a prepared insert reads the frame that lies in its slot now); whether"
    " `import pandas` is still tried for each bound value and `import pyarrow` for each frame; and whether"
    " duckdb_optimizers() still lists names that disabled_optimizers takes"
)


class FrameSlot:
    """What a prepared insert reads: the frame that lies in it.

    DuckDB keeps the Python object that a plan found by its variable, and asks it for a stream at each execution; only
    that it takes any object with this method is documented. Planning once and changing the frame spares the planning:
    as long as inserting a thousand rows (decision 0023).
    """

    def __init__(self, frame: "pl.DataFrame"):
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows; DuckDB takes them without pyarrow."""
        return self.frame.__arrow_c_stream__(requested_schema)


def expect_few_rows(connection: "DuckDBPyConnection") -> None:
    """Spare what pays with many rows: sharing them out among threads, and looking for a better plan.

    Both hold for the whole database until it is closed. Filters are still pushed down: the statements that find or
    delete one file's rows would read whole tables without it. The settings are documented, the names are not.
    """
    names = "select string_agg(name) from duckdb_optimizers() where name <> 'filter_pushdown'"
    (optimizers,) = connection.execute(names).fetchall()[0]
    connection.execute("set threads = 1")
    connection.execute(f"set disabled_optimizers = '{optimizers}'")


@contextmanager
def block_missing_optional_imports() -> Iterator[None]:
    """Tell the import system for a moment that what is not installed is not there.

    DuckDB tries to import pandas for each bound value and pyarrow for each frame, and each time all of `sys.path` is
    searched: 0.2 ms of a statement's 0.55 ms, with two folders in the path; for the rows of a small file that is
    longer than the transaction. Nothing may be imported meanwhile.
    """
    searched = ("pandas", "pyarrow", "pyarrow.dataset")
    with hidden_modules([name for name in searched if not _is_installed(name.split(".")[0])]):
        yield


@cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None
