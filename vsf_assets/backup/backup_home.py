"""Makes a backup of a home: a folder named after the time, which holds the home as it was at one moment.

Here: what a backup holds, in which order it is copied, and which older backups go. Not here: copying a folder
(tree_copy.py). Large files that never change are copied first, while runs go on; then everything under the lock of the
warehouse, so that no run stores or publishes meanwhile.
"""

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.backup.tree_copy import SQLITE_LOGS, TreeCopy, remove
from vsf_assets.common.errors import LockTimeoutError, UsageError, VsfError
from vsf_assets.config.overlapping_places import refuse_overlap
from vsf_assets.config.settings import PLACES, Settings, base_folder
from vsf_assets.snapshots.current import POINTER, current_snapshot
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.open_writers import has_writer
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock

LEFT_OUT = ("scratch", "cache", "dbt", "service", "bench")
"""Folders of the home that the platform makes again."""

SETTINGS_FILES = (".env", "sources.toml")

_DELIVERED = ("landing", "archive", "fetched")
"""Folders with files of senders."""

HOME, SETTINGS = "home", "settings"
"""Folders of a backup."""

_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
_UNFINISHED = ".unfinished"


@dataclass
class Backup:
    """A finished backup.

    Attributes:
        folder: where it is.
        copied: bytes that were written; files that the backup before has too are none.
        held_seconds: for how long runs had to wait.
        notes: what is not in it on purpose.
        problems: what should be in it and could not be read.
    """

    folder: Path
    copied: int = 0
    held_seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def back_up(settings: Settings, folder: Path, keep: int, on_wait: Callable[[str], None] = lambda _: None) -> Backup:
    """Make a backup in a folder, and remove all but the newest `keep` there; safe while runs go on.

    Args:
        settings: the home, and its places outside of it.
        folder: the folder of all backups of this home; it is made if necessary.
        keep: how many backups stay, at least 1.
        on_wait: receives a line if a run holds the warehouse.

    Raises:
        UsageError: the folder lies in the home or one of its places, or the other way around.
        VsfError: another backup into this folder is being made, or a run held the warehouse for too long.
        FullDiskError, OSError: the backup cannot be written; earlier ones stay, and the next attempt continues.
    """
    _refuse_places_inside(settings, folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            hold_lock(folder / ".lock", "a backup", 0, what=f"the folder {folder}"),
            room_for("the backup", folder),
        ):
            return _back_up(settings, folder, keep, on_wait)
    except LockTimeoutError as error:
        raise VsfError(f"no backup was made: {error}") from error


def backups_in(folder: Path) -> list[Path]:
    """Return the finished backups of a folder, oldest first."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())


def _back_up(settings: Settings, folder: Path, keep: int, on_wait: Callable[[str], None]) -> Backup:
    earlier = backups_in(folder)
    target = folder / _UNFINISHED
    copies = _Copies(settings, target / HOME, earlier[-1] / HOME if earlier else folder / "none")
    for name in (
        "archive",
        "made",
        *Warehouse.of(settings).form.data_folders,
    ):  # files that never change, while runs go on
        copies.copy(name)
    with Warehouse.of(settings, on_wait).lock("a backup"):
        started = time.monotonic()
        copies.copy_all()
        held = time.monotonic() - started
    _copy_settings(target / SETTINGS)
    os.sync()
    done = Backup(_finished(target, folder), copies.copied, held, copies.notes(), copies.problems())
    for old in backups_in(folder)[:-keep]:
        shutil.rmtree(old)
    return done


class _Copies:
    """The copies of a home's folders in one backup."""

    def __init__(self, settings: Settings, target: Path, earlier: Path) -> None:
        self._settings, self._target, self._earlier = settings, target, earlier
        self._places = {name: str(getattr(settings, name)) for name in PLACES.values()}
        self._rows = {name: str(folder) for name, folder in Warehouse.of(settings).form.data_folders.items()}
        self._places |= self._rows
        self._being_written: set[Path] = set()
        self._done: dict[str, TreeCopy] = {}
        self.copied = 0

    def copy(self, name: str, wanted: Callable[[Path], bool] = lambda _: True) -> None:
        """Copy one entry of the home, or one of its places, wherever it is."""
        place = self._places.get(name) or str(self._settings.home / name)
        if is_address(place):
            return
        self._done[name] = TreeCopy(wanted, has_databases=name not in _DELIVERED)
        copy = self._done[name].folder if Path(place).is_dir() else self._done[name].entry
        copy(Path(place), self._target / name, self._earlier / name)
        self.copied += self._done[name].copied

    def copy_all(self) -> None:
        """Copy everything, and remove what is not in the home any more; the caller holds the lock."""
        names = {path.name for path in self._settings.home.iterdir() if not path.name.endswith(SQLITE_LOGS)}
        rows = {Path(folder).name for folder in self._rows.values() if Path(folder).parent == self._settings.home}
        in_home = names - {*LEFT_OUT, *self._places, *rows}
        self._target.mkdir(parents=True, exist_ok=True)
        for path in self._target.iterdir():
            if path.name not in (*in_home, *self._places):
                remove(path)
        for name in sorted(in_home):
            self.copy(name, lambda path: path not in self._not_taken)
        # The archive after the landing zone: a file that is filed away meanwhile is in one of them.
        for name in self._rows:
            self.copy(name)
        self.copy("landing", self._is_whole)
        self.copy("archive")
        current = current_snapshot(self._settings)
        self.copy("snapshots", lambda path: current is not None and path.name in (POINTER, current.name))

    @property
    def _not_taken(self) -> tuple[Path, ...]:
        warehouse = Warehouse.of(self._settings)
        return (*warehouse.form.unfinished, warehouse.lock_file)

    def _is_whole(self, path: Path) -> bool:
        if has_writer(path) is not True:
            return True
        self._being_written.add(path)
        return False

    def notes(self) -> list[str]:
        """Return lines about what is not in the backup on purpose."""
        return [
            *(f"the {name} in {place} is not in it" for name, place in self._places.items() if is_address(place)),
            *(f"{what} is not in it" for what in Warehouse.of(self._settings).form.kept_elsewhere),
            *(f"{path} is not in it: a process has it open for writing" for path in sorted(self._being_written)),
        ]

    def problems(self) -> list[str]:
        """Return lines about what could not be read."""
        return [line for copy in self._done.values() for line in copy.problems]


def _refuse_places_inside(settings: Settings, folder: Path) -> None:
    places = {"VSF_HOME": str(settings.home)}
    places |= {name: getattr(settings, attribute) for name, attribute in PLACES.items()}
    places |= {"VSF_LAKE": settings.lake} if settings.lake else {}
    for name, place in places.items():
        try:
            refuse_overlap({"the folder of backups": str(folder), name: place})
        except UsageError as error:
            raise UsageError(f"{error}, best on another disk") from None


def _copy_settings(target: Path) -> None:
    target.mkdir(exist_ok=True)
    for name in SETTINGS_FILES:
        (target / name).unlink(missing_ok=True)
        if (base_folder() / name).is_file():
            shutil.copy2(base_folder() / name, target / name)


def _finished(target: Path, folder: Path) -> Path:
    """Give a whole backup its name."""
    while (finished := folder / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")).exists():
        time.sleep(0.1)
    return target.rename(finished)
