"""The form of a lake on this machine: Parquet files in a folder, and a DuckLake catalog in a DuckDB file of the home.

Here: opening, building, copying and replacing it. Not here: the statements about the catalog (lake_index.py), and
removing data files (lake_upkeep.py).

Whoever writes works on a copy of the catalog. At the end of the block the new data files are flushed to the disk, then
the copy, and then the copy is renamed over the catalog. DuckDB flushes its own file and never the Parquet files, and
another program such as dbt commits by itself. So a catalog never names a data file that a loss of power could take, and
a process that is killed leaves the state from before its block (docs/decisions/0056-a-lake-is-written-beside.md).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY
from vsf_assets.common.errors import VsfError
from vsf_assets.common.file_copy import copy_into
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms import lake_index as index
from vsf_assets.warehouse.forms import lake_upkeep as upkeep
from vsf_assets.warehouse.forms.form import DATABASE, BuildTarget, Form, log_of
from vsf_assets.warehouse.forms.lake_owner import claim_lake
from vsf_assets.warehouse.forms.published import holds_own_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "lake.duckdb"


@dataclass(frozen=True)
class LocalLake(Form):
    """A warehouse in a folder of Parquet files.

    Attributes:
        file: the catalog; it says in which folder of the lake its data files are.
        new_generation: number of the folder, for a catalog that does not exist yet; 0 for the next free one.
    """

    new_generation: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "LocalLake":
        """Return the warehouse of a home in this form."""
        return cls(settings, settings.home / "warehouse" / NAME)

    @property
    def data_folders(self) -> dict[str, Path]:
        """The lake."""
        return {"lake": self.lake}

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """The copy that a write works on, too."""
        return (self.rebuild_folder, self._temp, log_of(self._temp))

    @property
    def _temp(self) -> Path:
        return self.file.with_name(f".{self.file.name}.writing")

    @property
    def shares_rows(self) -> bool:
        """Snapshots are catalogs."""
        return True

    @property
    def lake(self) -> Path:
        """Folder of all data files; without the setting, when a home leaves this form, the one that was noted last."""
        if self.settings.lake:
            return Path(self.settings.lake)
        noted = self._noted.read_text(encoding="utf-8").splitlines() if self._noted.is_file() else []
        places = [(self.file.parent / place).resolve() for place in noted]
        return next((place for place in places if place.is_dir()), index.stored_folder(self.file).parent)

    @property
    def _noted(self) -> Path:
        """A file with the place of the lake, seen from its folder, and as an absolute path."""
        return self.file.with_name("lake-folder")

    def _note_place(self) -> None:
        noted = f"{os.path.relpath(self.lake, self.file.parent)}\n{self.lake}\n"
        if not self._noted.is_file() or self._noted.read_text(encoding="utf-8") != noted:
            atomic_write(self._noted, noted.encode())

    @property
    def data(self) -> Path:
        """Folder of the data files of this catalog.

        Raises:
            VsfError: it is not there.
        """
        if self.file.exists():
            found = self.lake / index.generation_of(self.file)
            if not found.is_dir():
                raise VsfError(
                    f"VSF_LAKE={str(self.lake)!r} does not hold {found.name}, the folder of the data files of"
                    f" {self.file}; if it was moved, name its new place by VSF_LAKE; if it is lost, run: vsf rebuild"
                )
            return found
        return self.lake / f"g{self.new_generation or index.next_generation(self.lake, self.file)}"

    @contextmanager
    def connect(self, read_only: bool) -> Iterator["DuckDBPyConnection"]:
        """Open the catalog, or for writing a copy of it that replaces it at the end of the block."""
        if read_only:
            with self._opened(self.file, self.data, read_only=True) as connection:
                yield connection
            return
        with self._written() as (temp, data), self._opened(temp, data) as connection:
            yield connection

    @contextmanager
    def building(self) -> Iterator[BuildTarget]:
        """Name a copy of the catalog that replaces it at the end of the block."""
        with self._written() as (temp, data):
            yield BuildTarget(f"ducklake:{temp}", index.attach_statements(temp, data, DATABASE))

    def checkpoint(self, connection: "DuckDBPyConnection") -> None:
        """Nothing is left to do: the catalog is whole at the end of each block."""

    def copy_to(self, target: BinaryIO, published: Path) -> bool:
        """Write the catalog without its history."""
        temp = self.file.with_name(f".{published.name}.tmp")
        try:
            index.write_head(self.file, temp, self.data, published.parent)
            with temp.open("rb") as made:
                os.fsync(made.fileno())
            copy_into(temp, target)
        finally:
            _remove(temp)
        return False

    @contextmanager
    def to_upload(self) -> Iterator[Path]:
        """Refuse: a snapshot of this form names files of this machine (config/settings.py refuses it before).

        Raises:
            VsfError: always.
        """
        raise VsfError(f"the snapshot of {self.lake} names files of this machine; name a folder by VSF_SNAPSHOTS")
        yield self.file

    def beside(self) -> "LocalLake":
        """Return an empty catalog with a data folder of its own."""
        number = index.next_generation(self.lake, self.file)
        found = replace(self, file=self.rebuild_folder / NAME, new_generation=number)
        found.remove()
        return found

    def replace_with(self, beside: Form) -> None:
        """Replace the catalog; the data files of the old one stay until no snapshot names them."""
        log_of(self.file).unlink(missing_ok=True)
        self._note_place()
        beside.file.replace(self.file)
        _flush(self.file.parent)

    @property
    def needs_upkeep(self) -> bool:
        """Every write adds files."""
        return self.file.exists()

    def keep_up(self, snapshots: Callable[[], Sequence[Path | str]], now: float, dry_run: bool) -> list[int]:
        """Merge small data files, forget old versions, and remove files that neither catalog nor snapshot names."""
        if not claim_lake(self.lake, self.settings.home):
            raise VsfError(f"{self.lake} is not marked as that of this home yet; the next run does that")
        if not dry_run and (tables := upkeep.tables_with_several_files(self.file)):
            with self._written(is_changed=True) as (temp, data):
                with self._opened(temp, data) as connection:
                    upkeep.merge_files(connection, DATABASE, tables)
                upkeep.forget_scheduled(temp)
        indexes = [self.file, *(path for path in map(Path, snapshots()) if not holds_own_rows(path))]
        return upkeep.remove_unnamed(self.lake, indexes, self.file.with_name(upkeep.NOTES), now, dry_run)

    @contextmanager
    def _written(self, is_changed: bool = False) -> Iterator[tuple[Path, Path]]:
        """Give a copy of the catalog, and the folder of its data files; the copy replaces the catalog at the end.

        Without a new version it does so if the block says that it changes the catalog itself.
        """
        temp, data = self._temp, self.data
        _remove(temp)
        _make_folder(self.lake)
        claim_lake(self.lake, self.settings.home)
        if self.settings.lake:
            self._note_place()
        before = index.Head()
        if self.file.exists():
            with temp.open("xb") as file:
                copy_into(self.file, file)
            before = index.head_of(temp)
        else:
            data.mkdir(parents=True, exist_ok=True)
            with self._opened(temp, data) as connection:
                index.set_options(connection, DATABASE)
        try:
            yield temp, data
        finally:
            self._finish(temp, data, before, is_changed)

    def _finish(self, temp: Path, data: Path, before: index.Head, is_changed: bool) -> None:
        """Flush what the block wrote, and put the copy in place of the catalog; without changes it is removed."""
        after = index.head_of(temp)
        if after == before and not is_changed:
            _remove(temp)
            return
        folders: set[Path] = set()
        for file in index.files_since(temp, data, before):
            _flush(file)
            folders.update(folder for folder in file.parents if folder.is_relative_to(self.lake))
        for folder in sorted(folders, reverse=True):
            _flush(folder)
        _flush(temp)
        temp.replace(self.file)
        _flush(self.file.parent)

    @contextmanager
    def _opened(self, file: Path, data: Path, read_only: bool = False) -> Iterator["DuckDBPyConnection"]:
        connection = connect(config={**self.config(), **OWN_SQL_ONLY})
        try:
            _attach(connection, index.attach_statements(file, data, DATABASE, read_only))
            yield connection
        finally:
            connection.close()


def _attach(connection: "DuckDBPyConnection", statements: Iterable[str]) -> None:
    for statement in ("set TimeZone = 'UTC'", *statements, f"use {DATABASE}"):
        connection.execute(statement)


def _remove(file: Path) -> None:
    for path in (file, log_of(file)):
        with suppress(FileNotFoundError):
            path.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that a loss of power leaves them there."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
