"""Records builds, and decides what the next build must do.

Here: digests of the ledger and of the dbt project, the build record with its copies for the next build, and the feeds
that the next build must include. Not here: running dbt (dbt_runner.py) and copying the file (publish/publish.py).
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.config.rule_expressions import AWESOME, parse_rule
from vsf_assets.config.settings import Settings
from vsf_assets.transform.dbt_paths import DBT_PROJECT
from vsf_assets.warehouse.contract_versions import contract_versions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PREVIOUS_BUILD = "transform_previous_build"
"""Schema of the copies that the next build compares with; dbt has the same (macros/previous_build.sql)."""
_PROJECT_FILES = (".sql", ".yml", ".csv")
_NOT_PROJECT = {"target", "logs", "dbt_packages"}


@dataclass(frozen=True)
class BuildState:
    """The newest build of a warehouse, compared with the present ledger and project.

    Attributes:
        number: number of the newest build, 0 if there is none.
        changed: feeds with deliveries that were loaded or replaced after it.
        is_same_project: whether models, contracts and settings are the same as in that build; otherwise the next build
            fully refreshes every mart.
        basis: digest of what a build would be made from now: the ledger, the models, contracts and settings. Two builds
            with the same one have the same result.
    """

    number: int
    changed: frozenset[str] = field(default_factory=frozenset)
    is_same_project: bool = False
    basis: str = ""

    @property
    def is_current(self) -> bool:
        """Whether a build would change nothing."""
        return self.is_same_project and not self.changed


NO_BUILD = BuildState(0)


def ledger_state(connection: "DuckDBPyConnection", delivered: str = "") -> dict[str, str]:
    """Return feed -> digest of its ledger rows, which changes when a delivery is stored or replaced.

    `delivered` is as in `Form.delivered`.
    """
    sql = f"""
        select feed, count(*), coalesce(sum(hash(file_id, status, contract_version, loaded_at)::hugeint), 0)
        from {delivered}raw.files group by feed order by feed
    """  # noqa: S608 - a name of a form
    return {feed: f"{count}-{total:x}" for feed, count, total in connection.execute(sql).fetchall()}


def project_version(settings: Settings) -> str:
    """Return a digest of the dbt project's files, the contracts, and the settings that models read."""
    read_with = [dict(contract_versions(settings).by_feed), awesome_rules(settings)]
    contracts = json.dumps(read_with, sort_keys=True)
    days = f"{settings.plausible_days_before}-{settings.plausible_days_after}"
    content = f"{settings.score_seed}|{days}|{contracts}|{project_digest()}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def awesome_rules(settings: Settings) -> dict[str, str]:
    """Return source profile -> its validated rule as SQL, for the models; '' has the rule of all other profiles."""
    return {profile: parse_rule(text).sql for profile, text in {"": AWESOME, **settings.awesome_rules}.items()}


def project_digest(project: Path = DBT_PROJECT) -> str:
    """Return a digest of the dbt project's files."""
    digest = hashlib.sha256()
    paths: list[Path] = []
    for folder, folders, files in os.walk(project):  # rglob per ending takes thrice as long, and each build asks often
        folders[:] = [name for name in folders if folder != str(project) or name not in _NOT_PROJECT]
        paths += [Path(folder, name) for name in files if name.endswith(_PROJECT_FILES)]
    for path in sorted(paths):
        digest.update(str(path)[len(str(project)) + 1 :].encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_build_state(connection: "DuckDBPyConnection", settings: Settings, delivered: str = "") -> BuildState:
    """Compare the newest build with the ledger and the dbt project; `delivered` is as in `Form.delivered`."""
    sql = "select build_number, ledger_state, project_version from raw.builds order by build_number desc limit 1"
    newest = connection.execute(sql).fetchone()
    now, version = ledger_state(connection, delivered), project_version(settings)
    basis = hashlib.sha256(json.dumps([sorted(now.items()), version]).encode()).hexdigest()[:16]
    if newest is None:
        return BuildState(0, basis=basis)
    number, built_from, built_with = newest
    try:
        before = json.loads(built_from)
    except ValueError:  # recorded by an earlier version of the platform
        return BuildState(number, frozenset(now), basis=basis)
    changed = frozenset(feed for feed in {*before, *now} if before.get(feed) != now.get(feed))
    return BuildState(number, changed, built_with == version, basis)


def record_build(
    connection: "DuckDBPyConnection",
    settings: Settings,
    number: int,
    run_id: str,
    now: datetime,
    to_keep: Iterable[str] = (),
    delivered: str = "",
) -> None:
    """Record a finished build; older records are deleted, since a snapshot needs only its own.

    Args:
        connection: the warehouse, opened for writing.
        settings: for the project's version.
        number: number of the build.
        run_id: the run that built it.
        now: when it finished, UTC.
        to_keep: tables to copy in the same transaction, with which the next build compares.
        delivered: as in `Form.delivered`.
    """
    state = json.dumps(ledger_state(connection, delivered), sort_keys=True)
    values = [number, now.replace(tzinfo=None), run_id, state, project_version(settings)]
    connection.execute("begin transaction")
    connection.execute(f"create schema if not exists {PREVIOUS_BUILD}")
    for table in to_keep:
        connection.execute(f"create or replace table {PREVIOUS_BUILD}.{table.split('.')[-1]} as from {table}")
    connection.execute("delete from raw.builds")
    connection.execute("insert into raw.builds values (?, ?, ?, ?, ?)", values)
    connection.execute("commit")


def forget_models(connection: "DuckDBPyConnection") -> None:
    """Make the next build a full refresh, because tables of the newest build may be wrong."""
    connection.execute("update raw.builds set project_version = ''")
