"""`vsf export`: the marts and reports of a snapshot as one plain DuckDB file."""

from pathlib import Path

import click

from vsf_assets.cli.existing_home import refuse_missing_home
from vsf_assets.cli.output import say
from vsf_assets.cli.query import wanted_snapshot
from vsf_assets.common.atomic_files import flush_to_disk
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import PLACES, Settings, read_settings
from vsf_assets.snapshots.current import snapshot_bytes
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.s3_client import is_address


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--snapshot", "number", type=int, metavar="N", help="an earlier snapshot; default: the current one")
def command(file: Path, number: int | None) -> None:
    """Write all marts and reports of the current snapshot into one plain DuckDB FILE.

    The file needs nothing else, so it can be given away. A file of this name is replaced once the new one is whole.
    """
    from vsf_assets.snapshots.export_file import export_snapshot

    settings = read_settings()
    refuse_missing_home(settings)
    target = _checked(settings, file)
    snapshot = wanted_snapshot(settings, number)
    temp = target.with_name(f".{target.name}.tmp")
    try:
        _remove(temp)  # of an export that was killed
        with room_for(f"the file {target.name}", target.parent, snapshot_bytes(snapshot), settings.scratch / "duckdb"):
            done = export_snapshot(settings, snapshot, temp)
            flush_to_disk(temp)
        temp.replace(target)
    finally:
        _remove(temp)
    size = target.stat().st_size / 1_000_000
    say(f"wrote {done.tables} tables with {done.rows:,} rows of {snapshot.name} to {file} ({size:,.1f} MB)")


def _checked(settings: Settings, file: Path) -> Path:
    """Return the absolute path of a file that may be written.

    Raises:
        UsageError: its name or folder does not fit, or the platform keeps its own files there.
    """
    target = file.expanduser().absolute()
    if target.suffix != ".duckdb":
        raise UsageError(f"{file}: the name must end in .duckdb")
    if target.is_dir() or not target.parent.is_dir():
        why = "is a folder" if target.is_dir() else f"there is no folder {target.parent}"
        raise UsageError(f"{file}: {why}; name a file in a folder that exists")
    places = [str(settings.home / "warehouse"), settings.lake, *(getattr(settings, name) for name in PLACES.values())]
    for place in (place for place in places if place and not is_address(place)):
        if target.parent.resolve().is_relative_to(Path(place).resolve()):
            raise UsageError(f"{file} lies in {place}, where the platform keeps its own files; name another folder")
    return target


def _remove(temp: Path) -> None:
    for path in (temp, temp.with_name(f"{temp.name}.wal")):
        path.unlink(missing_ok=True)
