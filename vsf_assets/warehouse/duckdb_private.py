"""Uses of undocumented behaviour of DuckDB's Python package.

Here: each such use, with its reason, its measured gain, and the versions it was checked with. Not here: SQL and
settings that DuckDB documents. A test fails with a version outside of `CHECKED`; `RECHECK` lists what to check then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vsf_assets.common.interpreter_tricks import hidden_modules, hide_modules

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
    """The replaceable frame that a prepared insert reads.

    DuckDB binds a plan to the Python object of a variable, and calls its `__arrow_c_stream__` at each execution. Only
    the method is documented, not that the plan keeps the object. Replacing the frame saves the planning, which takes
    as long as inserting a thousand rows (decision 0023).
    """

    def __init__(self, frame: "pl.DataFrame"):
        self.frame = frame

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.frame.columns

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as an Arrow stream; DuckDB reads it without pyarrow."""
        return self.frame.__arrow_c_stream__(requested_schema)


def expect_few_rows(connection: "DuckDBPyConnection") -> None:
    """Use one thread and no optimizer except filter pushdown: with few rows, both cost more than they save.

    Both settings hold for the whole database until it is closed. Filters are still pushed down, since the statements
    that find or delete one file's rows would scan whole tables without it. The settings are documented, the names of
    the optimizers are not.
    """
    names = "select string_agg(name) from duckdb_optimizers() where name <> 'filter_pushdown'"
    (optimizers,) = connection.execute(names).fetchall()[0]
    connection.execute("set threads = 1")
    connection.execute(f"set disabled_optimizers = '{optimizers}'")


@contextmanager
def block_missing_optional_imports() -> Iterator[None]:
    """Make imports of pandas and pyarrow fail without a search of `sys.path`, if they are not installed.

    DuckDB tries to import pandas for each bound value and pyarrow for each frame. Each try searches all of `sys.path`:
    0.2 ms of a statement's 0.55 ms with two folders in the path. For the rows of a small file, this is longer than the
    transaction. No module may import them inside the block.
    """
    with hidden_modules(_missing()):
        yield


def hide_missing_optional_imports() -> None:
    """Do the same for the rest of the process, which imports neither: one that answers many short queries.

    Measured in a worker of the portal: 0.1 ms for each value of a query, of 0.3 to 1 ms that a short query takes.
    """
    hide_modules(_missing())


def _missing() -> list[str]:
    searched = ("pandas", "pyarrow", "pyarrow.dataset")
    return [name for name in searched if not _is_installed(name.split(".")[0])]


@cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None
