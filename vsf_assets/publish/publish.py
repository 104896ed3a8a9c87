"""Publishes a snapshot: copy the warehouse, check the copy, move the pointer.

Here: the order of copy, check and pointer; copying in a folder. Not here: copying in an object store
(s3_snapshots.py), removing old snapshots (old_snapshots.py), finding and opening one (snapshots/), and the blocking
checks on data (dbt tests, which run before). Readers open snapshots only.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.atomic_files import atomic_file
from vsf_assets.common.errors import LockLostError, VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.publish.empty_mart_check import conditions, refuse_empty_tables
from vsf_assets.publish.old_snapshots import pointed_in, prune, snapshots_in
from vsf_assets.publish.s3_snapshots import SnapshotPrefix
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import POINTER, Snapshot, note_copy, snapshot_number
from vsf_assets.snapshots.s3_snapshot import epoch_of, name_of
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.s3_client import is_address
from vsf_assets.transform.dbt_paths import manifest_file
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.form import WRITTEN_BY_BUILDS
from vsf_assets.warehouse.forms.published import STORED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_RELATIONS = """
    select table_schema, table_name from information_schema.tables
    where table_catalog = current_database() and table_schema <> '{stored}' and {kind}
    order by all
"""


def newest_number(settings: Settings) -> int:
    """Return the highest number of the stored snapshots; 0 if there is none."""
    if is_address(settings.snapshots):
        return max(SnapshotPrefix(settings.snapshots).stored(), default=0)
    return max(map(snapshot_number, snapshots_in(Path(settings.snapshots))), default=0)


def publish(warehouse: Warehouse, number: int, log: Callable[[str], None] = lambda _: None) -> Snapshot:
    """Copy the warehouse to `vsf-<number>.duckdb`, check it under this name and make it current.

    The caller has held the lock since before the build, and has closed its connections. If an old snapshot cannot be
    removed, the new one is published all the same, and `log` receives a warning.

    Raises:
        EmptyTablesError: a mart is empty although the raw tables hold rows for it.
        VsfError: a table of the copy has another number of rows than in the warehouse.
        FullDiskError, OSError: the disk is full, or disk or object store failed; the earlier snapshot stays current.
    """
    ensure_manifest(warehouse.settings)  # it holds the conditions under which a mart must have rows
    with warehouse.connect() as connection:
        warehouse.checkpoint(connection)
        counts = row_counts(connection, warehouse.form.delivered)
    if is_address(warehouse.settings.snapshots):
        return _publish_object(warehouse, number, counts, log)
    return _publish_file(warehouse, number, counts, log)


def _publish_object(warehouse: Warehouse, number: int, counts: dict[str, int], log: Callable[[str], None]) -> Snapshot:
    settings = warehouse.settings
    prefix = SnapshotPrefix(settings.snapshots)
    seen = prefix.state() if warehouse.form.epoch else None
    with warehouse.form.to_upload() as file:
        snapshot = prefix.add(file, number, warehouse.form.epoch)
    try:
        _check(settings, snapshot, counts)
    except BaseException:
        prefix.remove(snapshot)
        raise
    before = prefix.pointed()
    prefix.point(snapshot, seen)
    prune(settings, log, published=number, before=before)
    return snapshot


def _publish_file(warehouse: Warehouse, number: int, counts: dict[str, int], log: Callable[[str], None]) -> Snapshot:
    folder = Path(warehouse.settings.snapshots)
    folder.mkdir(parents=True, exist_ok=True)
    target, seen = folder / name_of(number, warehouse.form.epoch), _pointed_name(folder)
    room = room_for(f"the snapshot {target.name}", folder, warehouse.form.size)
    with room, atomic_file(target, mode=0o444, temp_path=folder / f".{target.stem}.tmp") as file:
        is_shared = warehouse.form.copy_to(file, target)
    try:
        _check(warehouse.settings, target, counts, is_shared)
        _refuse_later(folder, target, seen)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    before = pointed_in(folder)
    _point(folder, target.name)
    note_copy(warehouse.settings, is_shared or warehouse.form.shares_rows)
    prune(warehouse.settings, log, published=number, before=before)
    return target


def _pointed_name(folder: Path) -> str:
    link = folder / POINTER
    return link.readlink().name if link.is_symlink() else ""


def _refuse_later(folder: Path, target: Path, seen: str) -> None:
    """Refuse to take the pointer from a builder of a later epoch; without epochs there is one builder.

    Args:
        folder: of the snapshots.
        target: the new one.
        seen: what the pointer named before it was made. That is replaced whatever its epoch is: a restored database
            repeats epochs, and whoever lost the build lock before was refused when the catalog was copied.
    """
    current = _pointed_name(folder)
    if current != seen and epoch_of(current) > epoch_of(target.name) > 0:
        raise LockLostError(
            f"{current} was published meanwhile by a process that took the build lock later; {target.name} is not"
            " published"
        )


def row_counts(connection: "DuckDBPyConnection", delivered: str = "") -> dict[str, int]:
    """Return `schema.name` -> number of rows of every relation of the database catalog.

    `delivered` is as in `Form.delivered`.
    """
    relations = connection.execute(_RELATIONS.format(kind="true", stored=STORED)).fetchall()
    if not relations:
        return {}
    # One statement: a statement per relation costs four times as much.
    sql = " union all ".join(
        f"select {n} as relation, count(*) from {_place(schema, name, delivered)}"  # noqa: S608
        for n, (schema, name) in enumerate(relations)
    )
    rows = dict(connection.execute(sql).fetchall())
    return {f"{schema}.{name}": rows[n] for n, (schema, name) in enumerate(relations)}


def _place(schema: str, name: str, delivered: str) -> str:
    is_delivered = schema == "raw" and name not in WRITTEN_BY_BUILDS
    return f'{delivered if is_delivered else ""}{schema}."{name}"'


def _read_each(connection: "DuckDBPyConnection", counts: dict[str, int], only_views: bool) -> None:
    """Read a row of every relation, or of every view: a damaged copy may still count, and a view may name no table.

    Those without rows have none to read; in a lake, asking for every column of an empty table is a query for each.
    """
    kind = "table_type = 'VIEW'" if only_views else "true"
    for schema, table in connection.execute(_RELATIONS.format(kind=kind, stored=STORED)).fetchall():
        if counts[f"{schema}.{table}"]:
            connection.execute(f'select * from {schema}."{table}" limit 1').fetchall()  # noqa: S608


def _check(settings: Settings, snapshot: Snapshot, counts: dict[str, int], is_shared: bool = False) -> None:
    """Open the copy under its final name, read every relation, and refuse empty marts that must have rows.

    Where the copy shares the blocks of the warehouse, copying could damage nothing: reading a row of each table would
    only read the same blocks once more, since the page cache does not know them under the copy's name.
    """
    connection = connect_snapshot(snapshot, settings.lake)
    try:
        copied = row_counts(connection)
        _read_each(connection, copied, only_views=is_shared)
        if copied != counts:
            mismatched = sorted(
                '{}."{}"'.format(*name.split(".", 1))
                for name in counts.keys() | copied.keys()
                if counts.get(name) != copied.get(name)
            )
            raise VsfError(f"the copy {snapshot.name} does not hold what the warehouse holds: {', '.join(mismatched)}")
        refuse_empty_tables(connection, copied, conditions(manifest_file(settings.home)))
    finally:
        connection.close()


def _point(folder: Path, name: str) -> None:
    """Make a snapshot current by one atomic rename of a relative symbolic link."""
    link = folder / f".{POINTER}.{os.getpid()}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(folder / POINTER)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
