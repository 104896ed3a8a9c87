"""The warehouse as a Dagster resource.

Here: the resource of `dagster_duckdb`, extended by the writer lock, a connection that is closed after an error, and
read-only opening. Not here: the statements of the assets (defs/).
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
    """Opens the warehouse of VSF_HOME under the writer lock.

    The environment is read when a step runs, never when definitions load.
    """

    database: str = Field(default="", description="not used: the warehouse is in VSF_HOME")

    def settings(self) -> Settings:
        """Return the settings of the present environment."""
        return read_settings()

    def warehouse(self, on_wait: Callable[[str], None] = lambda _: None) -> Warehouse:
        """Return the warehouse; `on_wait` receives a message with the holder of the lock if it must wait."""
        return Warehouse.of(self.settings(), on_wait)

    @contextmanager
    def get_connection(
        self, purpose: str = "an asset", read_only: bool = False, on_wait: Callable[[str], None] = lambda _: None
    ) -> Iterator["DuckDBPyConnection"]:
        """Open the file under the lock, and close it at the end of the block.

        Args:
            purpose: why the lock is held; processes that wait for it show this text.
            read_only: whether the file is opened for reading; otherwise missing raw tables are created.
            on_wait: receives a message with the holder of the lock if it must wait.

        Raises:
            LockTimeoutError: another process held the lock for too long.
            VsfError: the file cannot be opened, or `read_only` is set and the file does not exist yet.
        """
        warehouse = self.warehouse(on_wait)
        if not read_only:
            with warehouse.write(purpose) as connection:
                yield connection
            return
        with warehouse.read(purpose) as connection_or_none:
            if connection_or_none is None:
                raise VsfError(f"there is no warehouse at {warehouse.form.place} yet; run: vsf run")
            yield connection_or_none
