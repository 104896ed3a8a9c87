"""Makes and changes the tables of a lake that several machines share, and refuses whoever was made for others.

Here: the steps of `vsf prepare` and `vsf migrate` in the lake. Not here: the tables themselves (the caller makes them),
and the control schema (warehouse/shared/control.py).
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import OtherReleaseError, VsfError
from vsf_assets.config.settings import Settings, export_of_file
from vsf_assets.storage.s3_client import is_address, plain_errors, s3_client, split_address
from vsf_assets.warehouse.forms import shared_attach
from vsf_assets.warehouse.forms.form import DATABASE, Config, MakeTables
from vsf_assets.warehouse.forms.lake_index import set_options
from vsf_assets.warehouse.forms.shared_notes import create_notes
from vsf_assets.warehouse.shared.control import (
    create_control,
    current_generation,
    generation_schemas,
    generations,
    has_control,
    record_versions,
    recorded_versions,
    schema_of,
    start_generation,
    swap_generation,
)
from vsf_assets.warehouse.shared.fence import create_fence, install_fence
from vsf_assets.warehouse.shared.locks import ANY_SNAPSHOT, LockSession, Token
from vsf_assets.warehouse.shared.no_removal import RemovalError, can_deny_removal
from vsf_assets.warehouse.shared.postgres import check_server, open_connection, where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from psycopg import Connection

RELEASE = "release"
"""Name of the version under which the release of the platform is recorded; the others are those of contracts."""


_OF_ALL, _ID = 0, "id of the lake"
_SET_ID = "insert into vsf.versions (generation, name, value) values (%s, %s, %s) on conflict do nothing"
"""Generations begin with 1; what concerns all of them has the number 0."""


def lake_id(connection: "Connection[tuple[Any, ...]]") -> str | None:
    """Return the id of a lake, which a restore keeps; None before it is prepared."""
    return recorded_versions(connection, _OF_ALL).get(_ID) if has_control(connection) else None


def refuse_others(connection: "Connection[tuple[Any, ...]]", versions: Mapping[str, str]) -> None:
    """Refuse tables that were made by another release, or for other contracts.

    Args:
        connection: to the database.
        versions: of this release and its contracts, by name.

    Raises:
        OtherReleaseError: they were; the message says which release made them, and what to do.
        VsfError: there are none.
    """
    if not has_control(connection):
        raise VsfError("the database of VSF_CATALOG holds no lake yet; make it with: vsf prepare")
    found = recorded_versions(connection, current_generation(connection))
    if found == dict(versions):
        return
    differs = sorted(n for n in {*found, *versions} - {RELEASE} if found.get(n) != versions.get(n))
    shown = ", ".join(differs[:5]) + (" …" if len(differs) > 5 else "")
    raise OtherReleaseError(
        f"the tables of the lake were made by release {found.get(RELEASE, 'unknown')}"
        + (f" with other versions of {shown}" if differs else "")
        + f", and this is release {versions.get(RELEASE)}; nothing was written. Run that release here, or, when no"
        " worker of it runs any more: vsf migrate"
    )


def prepare(
    settings: Settings,
    config: Config,
    versions: Mapping[str, str],
    make_tables: MakeTables,
    log: Callable[[str], None],
) -> None:
    """Make what is not there of a lake: control schema, first generation, tables, fence; safe to repeat.

    Raises:
        VsfError: the server or the place of the data files does not do; or another release made the tables.
    """
    export_of_file("PG")
    check_server(settings.lake_database)
    _check_place(settings)
    with open_connection(settings.lake_database, "vsf prepare") as connection:
        create_control(connection)
        create_fence(connection)
        create_notes(connection)
        connection.execute(_SET_ID, [_OF_ALL, _ID, uuid.uuid4().hex])
    with _locked(settings, "vsf prepare", log) as (session, token):
        with session.connection() as connection:
            found = generations(connection).current
            if found is not None:
                refuse_others(connection, versions)
                log(f"lake: {where(settings.lake_database)} has generation {found}")
                return
            for schema in generation_schemas(connection).values():  # of a process that was killed here
                connection.execute(f'drop schema "{schema}" cascade'.encode())
            number = start_generation(connection, token.locks)
            schema = schema_of(number)
            connection.execute(f'create schema "{schema}"'.encode())
        with _attached(settings, config, schema, token.text(ANY_SNAPSHOT)) as lake:
            set_options(lake, DATABASE)
            with session.connection() as connection:
                install_fence(connection, schema)
            make_tables(lake)
        with session.connection() as connection:
            record_versions(connection, token.locks, number, versions)
            swap_generation(connection, token.locks, number)
    log(f"lake: made in {where(settings.lake_database)}, with data files in {settings.lake}")


def migrate(
    settings: Settings,
    config: Config,
    versions: Mapping[str, str],
    make_tables: MakeTables,
    log: Callable[[str], None],
) -> None:
    """Change the tables to those of this release, while nobody stores or builds; record that they are.

    Raises:
        VsfError: there is no lake; or a table cannot be changed, and nothing is recorded.
    """
    export_of_file("PG")
    with _locked(settings, "vsf migrate", log) as (session, token):
        with session.connection() as connection:
            number = current_generation(connection)
            before = recorded_versions(connection, number)
            create_fence(connection)
            create_notes(connection)
        if before == dict(versions):
            log("the tables of the lake are those of this release")
            return
        with _attached(settings, config, schema_of(number), token.text(ANY_SNAPSHOT)) as lake:
            make_tables(lake)
        with session.connection() as connection:
            record_versions(connection, token.locks, number, versions)
    log(f"the tables of the lake are those of release {versions.get(RELEASE)} now; start its workers")


@contextmanager
def _locked(settings: Settings, purpose: str, log: Callable[[str], None]) -> Iterator[tuple[LockSession, Token]]:
    """Hold both locks; what is committed shows both, since a stopped process may lose one of them alone."""
    import secrets

    with (
        LockSession(
            settings.lake_database,
            f"{purpose.replace(' ', '-')}-{secrets.token_hex(4)}",
            takeover_seconds=settings.lock_takeover_seconds,
            wait_seconds=settings.lock_wait_seconds,
            on_wait=log,
        ) as session,
        session.hold("build", purpose),
        session.hold("commit", purpose) as token,
    ):
        yield session, token


@contextmanager
def _attached(settings: Settings, config: Config, schema: str, token: str) -> "Iterator[DuckDBPyConnection]":
    connection = shared_attach.cursor(settings, config, schema, token)
    try:
        yield connection
    finally:
        connection.close()
        shared_attach.forget(settings, schema, token)


def _check_place(settings: Settings) -> None:
    """Refuse a place in which data files could not be kept.

    Raises:
        ObjectStoreError: the bucket cannot be used.
        RemovalError: a folder, and the kernel cannot protect its files.
    """
    if is_address(settings.lake):
        bucket, _ = split_address(settings.lake)
        with plain_errors(settings.lake):
            s3_client().list_objects_v2(Bucket=bucket, MaxKeys=1)
        return
    if not can_deny_removal():
        raise RemovalError(
            "this kernel cannot keep a process from removing files (Landlock, Linux 5.19 or later), without which a"
            " lake in a folder may lose some; use an object store: VSF_LAKE=s3://…"
        )
    Path(settings.lake).mkdir(parents=True, exist_ok=True)
