"""Builds: what the marts have absorbed, recorded as the last step of a build.

Here: the digest of the ledger and of the dbt project, the build record, and what is left to do.
Not here: running dbt (dbt.py) and copying the file (publish.py).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.settings import Settings
from vsf_assets.warehouse.paths import DBT_PROJECT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PROJECT_FILES = ("*.sql", "*.yml", "*.csv")
_NOT_PROJECT = {"target", "logs", "dbt_packages"}


@dataclass(frozen=True)
class BuildState:
    """The newest build of a warehouse, and what the next one would absorb.

    Attributes:
        number: number of the newest build, 0 where there is none.
        is_current: whether it has absorbed the ledger and the dbt project as they are now.
    """

    number: int
    is_current: bool


NO_BUILD = BuildState(0, is_current=False)


def ledger_state(connection: "DuckDBPyConnection") -> str:
    """Return a digest of the ledger that changes with every delivery stored or replaced."""
    sql = """
        select count(*), coalesce(sum(hash(file_id, status, contract_version, loaded_at)::hugeint), 0)
        from raw.files
    """
    count, total = connection.execute(sql).fetchall()[0]
    return f"{count}-{total:x}"


def project_version(settings: Settings) -> str:
    """Return a digest of the dbt project's files and of the settings that models read."""
    return hashlib.sha256(f"{settings.score_seed}|{project_digest()}".encode()).hexdigest()[:16]


def project_digest(project: Path = DBT_PROJECT) -> str:
    """Return a digest of the dbt project's files."""
    digest = hashlib.sha256()
    paths = {p for pattern in _PROJECT_FILES for p in project.rglob(pattern)}
    for path in sorted(paths):
        relative = path.relative_to(project)
        if relative.parts[0] not in _NOT_PROJECT:
            digest.update(str(relative).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_build_state(connection: "DuckDBPyConnection", settings: Settings) -> BuildState:
    """Compare the newest build with the ledger and the dbt project."""
    sql = "select build_number, ledger_state, project_version from raw.builds order by build_number desc limit 1"
    newest = connection.execute(sql).fetchone()
    if newest is None:
        return NO_BUILD
    current = (ledger_state(connection), project_version(settings))
    return BuildState(newest[0], (newest[1], newest[2]) == current)


def record_build(connection: "DuckDBPyConnection", settings: Settings, number: int, run_id: str, now: datetime) -> None:
    """Record a finished build; the older records go, a snapshot needs only its own."""
    values = [number, now.replace(tzinfo=None), run_id, ledger_state(connection), project_version(settings)]
    connection.execute("begin transaction")
    connection.execute("delete from raw.builds")
    connection.execute("insert into raw.builds values (?, ?, ?, ?, ?)", values)
    connection.execute("commit")
