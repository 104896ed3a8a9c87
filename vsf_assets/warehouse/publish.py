"""Snapshots: checked, versioned copies of the warehouse, and the pointer to the current one.

Here: copying, checking, pointing, finding and pruning snapshots in a folder. Not here: the
blocking checks on data (they are dbt tests and run before). Readers open snapshots only.
"""

import errno
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.errors import VsfError
from vsf_assets.settings import Settings
from vsf_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

POINTER = "current.duckdb"
_NAME = re.compile(r"^vsf-(\d+)\.duckdb$")
_FICLONE = 0x40049409
_RELATIONS = """
    select table_schema || '."' || table_name || '"' from information_schema.tables
    where table_catalog = current_database()
    order by 1
"""


def current_snapshot(settings: Settings) -> Path | None:
    """Return the file the pointer names, under its own versioned name; None where there is none."""
    pointer = Path(settings.snapshots) / POINTER
    try:
        return pointer.parent / pointer.readlink()
    except FileNotFoundError:
        return None


def snapshot_number(path: Path | None) -> int:
    """Return the number in a snapshot's name; 0 for none."""
    named = _NAME.match(path.name) if path else None
    return int(named.group(1)) if named else 0


def newest_number(settings: Settings) -> int:
    """Return the highest number any snapshot has had; 0 for none."""
    return max((snapshot_number(p) for p in Path(settings.snapshots).glob("vsf-*.duckdb")), default=0)


def publish(warehouse: Warehouse, number: int) -> Path:
    """Copy the warehouse to `vsf-<number>.duckdb`, check it and make it current.

    The caller holds the lock since before the build, and has closed its connections.

    Raises:
        VsfError: the copy does not hold what the warehouse holds.
        OSError: the disk is full or failed; the earlier snapshot stays current.
    """
    folder = Path(warehouse.settings.snapshots)
    folder.mkdir(parents=True, exist_ok=True)
    with warehouse.connect() as connection:
        connection.execute("checkpoint")
        counts = _row_counts(connection)
    target = folder / f"vsf-{number}.duckdb"
    temporary = folder / f".vsf-{number}.tmp"
    try:
        _clone(warehouse.file, temporary)
        temporary.chmod(0o444)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    try:
        _check(target, counts)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    _point(folder, target.name)
    _prune(warehouse.settings, target)
    return target


def _clone(source: Path, target: Path) -> None:
    """Copy by reflink where the file system can, else byte by byte; flushed to disk."""
    import fcntl

    target.unlink(missing_ok=True)
    with source.open("rb") as reader, target.open("xb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS):
                raise
            shutil.copyfileobj(reader, writer, 16 << 20)
        writer.flush()
        os.fsync(writer.fileno())


def _row_counts(connection: "DuckDBPyConnection") -> dict[str, int]:
    names = [row[0] for row in connection.execute(_RELATIONS).fetchall()]
    counts = {}
    for name in names:
        row = connection.execute(f"select count(*) from {name}").fetchone()  # noqa: S608
        connection.execute(f"select * from {name} limit 1").fetchall()  # noqa: S608
        counts[name] = row[0] if row else 0
    return counts


def _check(snapshot: Path, counts: dict[str, int]) -> None:
    """Open the copy under its final name and read every relation."""
    import duckdb

    connection = duckdb.connect(str(snapshot), read_only=True)
    try:
        found = _row_counts(connection)
    finally:
        connection.close()
    if found != counts:
        unlike = sorted(name for name in counts.keys() | found.keys() if counts.get(name) != found.get(name))
        raise VsfError(f"the copy {snapshot.name} does not hold what the warehouse holds: {', '.join(unlike)}")


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


def _prune(settings: Settings, current: Path) -> None:
    """Remove snapshots that are neither among the newest nor young."""
    snapshots = sorted(Path(settings.snapshots).glob("vsf-*.duckdb"), key=snapshot_number, reverse=True)
    oldest_kept = time.time() - settings.keep_snapshot_hours * 3600
    for path in snapshots[settings.keep_snapshots :]:
        if path != current and path.stat().st_mtime < oldest_kept:
            path.unlink()
