"""Builds of a lake that several machines share: the version that a build reads, and what it publishes.

Here: pinning the newest version, attaching it, what dbt runs before a build, and making the published file. Not here:
the form that offers them (shared_lake.py), and the content of the published file (shared_published.py).

Runs deliver while a build goes on. So the lake is attached twice: as `warehouse`, in which the marts are written, and
once more at the pinned version, whose raw tables the build reads.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from vsf_assets.common.duckdb_extensions import load_statement, sql_text
from vsf_assets.config.settings import Settings
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms import shared_attach
from vsf_assets.warehouse.forms.form import DATABASE, BuildTarget, Config
from vsf_assets.warehouse.forms.shared_published import SOURCE, LakeSource, write_pinned
from vsf_assets.warehouse.shared.locks import Token

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from psycopg import Connection


_PATH = "ducklake:postgres:"
"""What dbt takes the lake for, which was attached before: without the prefix its macros drop tables in another way."""


@dataclass(frozen=True)
class Pin:
    """What a build reads, and the lock that it holds; another process of the run can use it, too.

    Attributes:
        schema: of the generation.
        version: the pinned version.
        epoch, word: of the build lock.
    """

    schema: str
    version: int
    epoch: int
    word: str

    @property
    def token(self) -> str:
        """What sessions show to the fence."""
        return f"b{self.epoch}:{self.word}"

    @property
    def database(self) -> str:
        """Name of the database that has the pinned version."""
        return f"landed_{self.version}"


def pin_newest(connection: "Connection[tuple[Any, ...]]", schema: str, token: Token) -> Pin:
    """Return the newest version as that of a build that holds the build lock."""
    found = connection.execute(f"select max(snapshot_id) from {schema}.ducklake_snapshot".encode())  # noqa: S608
    ((version,),) = found.fetchall()
    return Pin(schema, int(version), token.locks[0].epoch, token.locks[0].word)


def cursor(settings: Settings, config: Config, pin: Pin) -> "DuckDBPyConnection":
    """Return a connection to the lake with the pinned version attached, too; the caller closes it."""
    found = shared_attach.cursor(settings, config, pin.schema, pin.token)
    try:
        sql = "select 1 from duckdb_databases() where database_name = ?"
        if not found.execute(sql, [pin.database]).fetchall():
            found.execute(_pinned(settings, pin))
    except BaseException:
        found.close()
        raise
    return found


def target_of(settings: Settings, schema: str, token: str, pin: Pin | None) -> BuildTarget:
    """Return how dbt opens the lake; without a pin it reads what it writes to."""
    statements = shared_attach.attach_statements(settings, schema, DATABASE, token=token)
    if pin is None:
        return BuildTarget(_PATH, statements)
    return BuildTarget(_PATH, (*statements, _pinned(settings, pin)), pin.database)


def _pinned(settings: Settings, pin: Pin) -> str:
    """Return the SQL that attaches the pinned version, after that which attaches the lake."""
    *_, statement = shared_attach.attach_statements(
        settings, pin.schema, pin.database, version=pin.version, read_only=True
    )
    return statement


@contextmanager
def published_file(settings: Settings, pin: Pin, folder: Path | None) -> Iterator[Path]:
    """Give the published file for a block, in the scratch folder.

    Args:
        settings: name the lake.
        pin: what the build read.
        folder: the folder that the file will be in; None for a bucket.
    """
    data = shared_attach.data_path(settings, pin.schema).rstrip("/")
    relative = None if is_address(data) or folder is None else os.path.relpath(data, folder)
    attach = f"attach '{sql_text(shared_attach.conninfo(settings))}' as {SOURCE} (type postgres, read_only)"
    source = LakeSource((load_statement(shared_attach.POSTGRES), attach), pin.schema, pin.epoch, pin.word)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="publish-", dir=settings.scratch) as place:
        made = Path(place) / "published.duckdb"
        write_pinned(source, pin.version, made, data, relative)
        yield made


def flush_files(connection: "Connection[tuple[Any, ...]]", settings: Settings, schema: str, after: int) -> None:
    """Flush the data files that were committed after a version, and their folders, to the disk.

    DuckDB flushes none of them. Files in a bucket are durable.
    """
    if is_address(settings.lake):
        return
    data = Path(shared_attach.data_path(settings, schema))
    folders: set[Path] = set()
    for table in ("ducklake_data_file", "ducklake_delete_file"):
        found = connection.execute(
            f"select schemas.path || tables.path || files.path from {schema}.{table} as files"  # noqa: S608 - own names
            f" inner join {schema}.ducklake_table as tables using (table_id)"
            f" inner join {schema}.ducklake_schema as schemas using (schema_id)"
            " where files.path_is_relative and files.end_snapshot is null and files.begin_snapshot > %s".encode(),
            [after],
        )
        for (path,) in found.fetchall():
            file = data / path
            _flush(file)
            folders.update(folder for folder in file.parents if folder.is_relative_to(settings.lake))
    for folder in sorted(folders, reverse=True):
        _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
