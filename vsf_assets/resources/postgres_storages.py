"""Dagster's storage of runs in PostgreSQL, with the differences that sensors depend on.

Here: the storage that dagster.yaml names with VSF_BROKER. Not here: the differences (run_storage.py), and the
storages of events and schedules, which are Dagster's own.
"""

from typing import Any, Self

from dagster_postgres import PostgresRunStorage

from vsf_assets.resources.dagster_private import ConfigurableClassData
from vsf_assets.resources.run_storage import RunDifferences


class RunsInPostgres(RunDifferences, PostgresRunStorage):
    """Dagster's storage with these differences; the configuration is the same (`postgres_url`)."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Return the storage of a configuration."""
        return cls(config_value["postgres_url"], inst_data=inst_data)
