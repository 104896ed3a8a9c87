"""The warehouse as a Dagster resource.

Here: `dagster_duckdb`'s resource with what it lacks: the writer lock, a connection that is closed
after an error, read-only opening. Not here: what is done with it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_duckdb import DuckDBResource
from pydantic import Field

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class WarehouseResource(DuckDBResource):
    """Opens the working DuckDB file under the writer lock; VSF_HOME says where it is.

    The environment is read when a step runs, never when definitions load.
    """

    database: str = Field(default="", description="not used: the file is warehouse/warehouse.duckdb in VSF_HOME")

    def settings(self) -> Settings:
        """Return the settings as the environment says now."""
        return read_settings()

    def warehouse(self, on_wait: Callable[[str], None] = lambda _: None) -> Warehouse:
        """Return the warehouse; `on_wait` is told for whom it has to wait."""
        return Warehouse.of(self.settings(), on_wait)

    @contextmanager
    def get_connection(
        self, purpose: str = "an asset", read_only: bool = False, on_wait: Callable[[str], None] = lambda _: None
    ) -> Iterator["DuckDBPyConnection"]:
        """Open the file under the lock, and close it whatever happens.

        Args:
            purpose: what for, as others that wait for the lock are shown it.
            read_only: whether nothing is written; else the raw tables are made where they are missing.
            on_wait: gets a line that names who holds the lock, where it has to be waited for.

        Raises:
            LockTimeoutError: another process held the lock too long.
            VsfError: the file cannot be opened; or it is to be read and there is none yet.
        """
        warehouse = self.warehouse(on_wait)
        if not read_only:
            with warehouse.write(purpose) as connection:
                yield connection
            return
        with warehouse.read(purpose) as found:
            if found is None:
                raise VsfError(f"there is no warehouse at {warehouse.file} yet; run: vsf run")
            yield found
