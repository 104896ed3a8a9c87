"""Rebuilds a lake that several machines share: a new generation beside the one that holds, and how it takes over.

Here: starting a generation, loading what came meanwhile, and the swap. Not here: the order of a rebuild
(pipeline/rebuild.py), and the rows of the control schema (warehouse/shared/control.py).

Runs deliver to the generation that holds until the swap. Whatever its ledger then has otherwise than at the start of
the rebuild is copied into the new one under both locks: nobody stores anything meanwhile, and the swap is one
transaction that refuses whoever lost a lock.
"""

# ruff: noqa: S608 - the statements hold names of this module and of tables of the lake

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms import shared_attach, shared_build
from vsf_assets.warehouse.forms.form import DATABASE, WRITTEN_BY_BUILDS, Config
from vsf_assets.warehouse.forms.lake_index import set_options
from vsf_assets.warehouse.shared.control import (
    current_generation,
    record_versions,
    recorded_versions,
    schema_of,
    start_generation,
    swap_generation,
)
from vsf_assets.warehouse.shared.fence import install_fence
from vsf_assets.warehouse.shared.locks import Token

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BEFORE, _NOW = "earlier_version", "earlier_generation"


@dataclass(frozen=True)
class NewGeneration:
    """A generation that is being built.

    Attributes:
        number: its number.
        earlier: number of the generation that holds.
        version: the newest version of that one when the rebuild began.
    """

    number: int
    earlier: int
    version: int

    @property
    def schema(self) -> str:
        """Schema of its catalog."""
        return schema_of(self.number)


def start(settings: Settings, config: Config, token: Token) -> NewGeneration:
    """Make an empty generation, under the build lock; another one that was being built is given up."""
    with token.session.connection() as connection:
        earlier = current_generation(connection)
        version = shared_build.pin_newest(connection, schema_of(earlier), token).version
        number = start_generation(connection, token.locks)
        connection.execute(f'create schema "{schema_of(number)}"'.encode())
    with shared_attach.closing_without_transaction(
        shared_attach.cursor(settings, config, schema_of(number), token.text())
    ) as lake:
        set_options(lake, DATABASE)
    with token.session.connection() as connection:
        install_fence(connection, schema_of(number))
    return NewGeneration(number, earlier, version)


def take_over(settings: Settings, config: Config, token: Token, new: NewGeneration) -> None:
    """Load what runs delivered since the rebuild began, and let the new generation hold.

    Raises:
        LockLostError: a lock was lost; the earlier generation holds on.
        LockTimeoutError: a run did not release the commit lock in time.
    """
    with token.session.hold("commit", "let the rebuilt tables take over") as both:
        with shared_attach.closing_without_transaction(
            shared_attach.cursor(settings, config, new.schema, token.text())
        ) as lake:
            _load_later(lake, settings, new)
        with token.session.connection() as connection:
            shared_build.flush_files(connection, settings, new.schema, -1)
            versions = recorded_versions(connection, new.earlier)
            record_versions(connection, both.locks, new.number, versions)
            swap_generation(connection, both.locks, new.number)


def _load_later(lake: "DuckDBPyConnection", settings: Settings, new: NewGeneration) -> None:
    """Make the ledger and the rows of the new generation those of the earlier one, where that changed meanwhile."""
    schema = schema_of(new.earlier)
    for name, version in ((_BEFORE, new.version), (_NOW, None)):
        *_, attach = shared_attach.attach_statements(settings, schema, name, version=version, read_only=True)
        lake.execute(attach)
    try:
        changed = _ids(lake, f"select file_id from (from {_NOW}.raw.files except from {_BEFORE}.raw.files)")
        gone = _ids(
            lake, f"select file_id from {_BEFORE}.raw.files where file_id not in (select file_id from {_NOW}.raw.files)"
        )
        if not changed and not gone:
            return
        lake.execute("begin transaction")
        for table, column in _delivered_tables(lake):
            lake.execute(f"delete from raw.{table} where list_contains(?, {column})", [changed + gone])
            lake.execute(
                f"insert into raw.{table} by name from {_NOW}.raw.{table} where list_contains(?, {column})", [changed]
            )
        lake.execute("commit")
    finally:
        for name in (_BEFORE, _NOW):
            lake.execute(f"detach {name}")


def _ids(lake: "DuckDBPyConnection", sql: str) -> list[int]:
    return [number for (number,) in lake.execute(sql).fetchall()]


def _delivered_tables(lake: "DuckDBPyConnection") -> list[tuple[str, str]]:
    """Return the tables that runs deliver to, each with its column of the file's id."""
    found = lake.execute(
        "select table_name, max(column_name) filter (where column_name in ('_file_id', 'file_id'))"
        " from information_schema.columns where table_catalog = ? and table_schema = 'raw' group by 1 order by 1",
        [DATABASE],
    ).fetchall()
    tables = [(table, column) for table, column in found if table not in WRITTEN_BY_BUILDS]
    if unknown := [table for table, column in tables if column is None]:
        raise VsfError(f"a rebuild cannot tell which file the rows of raw.{unknown[0]} are from")
    return tables
