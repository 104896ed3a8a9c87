"""Homes whose landing zone, archive and snapshots are in a bucket.

Here: what warehouses.Home and commandline.Home do with folders, done with objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import read_settings
from vsf_assets.landing.home_marker import MARKER
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets_tests import commandline, warehouses
from vsf_assets_tests.forms import WHOLE_RUN_IS_SHARED, is_lake
from vsf_assets_tests.object_server import Bucket

PLACES = ("LANDING", "ARCHIVE", "SNAPSHOTS")


class EngineHome(warehouses.Home):
    """A home for tests of the engine; `folders` names places that stay on this machine."""

    def __init__(self, root: Path, bucket: Bucket, folders: tuple[str, ...] = (), **variables: str):
        # The snapshots of a lake name files of this machine.
        folders = (*folders, "SNAPSHOTS") if is_lake() or WHOLE_RUN_IS_SHARED else folders
        self.bucket, self.folders = bucket, folders
        self.places = {name: bucket.address(name.lower()) for name in PLACES if name not in folders}
        super().__init__(root, **self.places, **variables)

    def land(self, path: str, content: bytes, minute: int = 0) -> Path:
        """Put an object into the landing zone, modified `minute` minutes after START."""
        if "LANDING" in self.folders:
            return super().land(path, content, minute)
        self.bucket.put(f"landing/{path}", content)
        at = warehouses.START + timedelta(minutes=minute)
        self.bucket.server.set_modified(self.bucket.name, f"landing/{path}", at)
        return Path(path)

    def landed(self) -> list[str]:
        """Return what lies in the landing zone, everything counted but the marker of the home."""
        keys = super().landed() if "LANDING" in self.folders else sorted(self.bucket.keys("landing/"))
        return [path for path in keys if path != MARKER]

    def archived(self) -> dict[str, bytes]:
        """Return what lies in the archive, path -> content."""
        if "ARCHIVE" in self.folders:
            return super().archived()
        return {path: self.bucket.get(f"archive/{path}") for path in self.bucket.keys("archive/")}


@dataclass(frozen=True)
class CommandHome(commandline.Home):
    """A home for tests of the command line; the environment names it and its bucket."""

    bucket: Bucket

    def drop(self, files: Mapping[str, str | bytes]) -> None:
        """Put objects into the landing zone as a stranger would."""
        for name, content in files.items():
            self.bucket.put(f"landing/{name}", content)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the current snapshot, in the bucket."""
        snapshot = current_snapshot(read_settings())
        assert snapshot is not None, "nothing is published"
        with connect_snapshot(snapshot) as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> dict[str, list[str]]:
        """Return every table of the current snapshot as sorted rows, without what tells of the run."""
        copy = self.path / "snapshot.duckdb"
        snapshot = current_snapshot(read_settings())
        assert snapshot is not None, "nothing is published"
        copy.write_bytes(self.bucket.get(f"snapshots/{snapshot.name}"))
        return commandline.tables_of(copy)
