"""A plugin of dbt-duckdb that opens the warehouse in whatever form it is.

Here: running the statements of the warehouse's target before dbt attaches it. dbt-duckdb's own settings for extensions
install them, and its `attach` takes no options that a form may lack. Not here: the statements (warehouse/forms/), and
what brings them (dbt_runner.py). The profile of the dbt project names this module.
"""

import json
from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


of_this_process: list[str] = []
"""SQL that runs before that of the profile. It may hold credentials, so no child process gets it by the environment."""


class Plugin(BasePlugin):
    """Runs `of_this_process` and `statements`, a JSON list of SQL, on each new connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep the statements of the profile."""
        self.statements: list[str] = json.loads(plugin_config["statements"])

    def configure_connection(self, conn: "DuckDBPyConnection") -> None:
        """Run the statements."""
        for statement in (*of_this_process, *self.statements):
            conn.execute(statement)
