"""The SQLAlchemy engines of Dagster's SQLite files: one for each file in a process.

Here: how a file is connected to. Not here: what is stored (sqlite_storages.py, event_log_storage.py). An engine keeps
the statements that it compiled, which takes longer than running them; Dagster's own storages make an engine for each
connection. Connections are opened and closed one by one, so a fork inherits none.
"""

from functools import lru_cache

import sqlalchemy
from sqlalchemy.pool import NullPool

from vsf_assets.resources.dagster_private import SQLITE_BUSY_TIMEOUT_SECONDS


@lru_cache(maxsize=8)
def shared_engine(connection_string: str) -> sqlalchemy.Engine:
    """Return the engine of a file; its connections wait 30 seconds for a lock."""
    return sqlalchemy.create_engine(
        connection_string, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    )
