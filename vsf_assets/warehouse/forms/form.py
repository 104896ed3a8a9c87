"""The interface of the forms of a warehouse.

Here: what each form can do, and what they have in common. Not here: the lock file, and tables
(warehouse/connection.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.run_notes import FileNotes, RunNotes
from vsf_assets.warehouse.forms.store_session import StoreSession

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Config = dict[str, str | bool | int | float | list[str]]

MakeTables = Callable[["DuckDBPyConnection"], None]

DATABASE = "warehouse"
"""Name of the database catalog that holds the tables, in every form."""

WRITTEN_BY_BUILDS = ("builds", "published_files")
"""Tables of `raw` that builds write, and no run that delivers."""

STORAGE_VERSION = "v1.5.0"
"""The file format of a new DuckDB file: the newest that DuckDB 1.5 reads, and 2.0 keeps it. With an older format each
checkpoint describes every row group of every table again, so that the smallest write costs more as the warehouse grows
(decision 0058). An older DuckDB cannot open a newer format, and a file is never converted back (docs/upgrading.md). An
existing file keeps its format."""


@dataclass(frozen=True)
class BuildTarget:
    """How another program, such as dbt, opens the warehouse.

    Attributes:
        path: what it attaches as `warehouse`.
        statements: SQL that it runs before. They may attach `warehouse` themselves; then `path` only says what it is.
            They may hold credentials.
        sources: database of the tables that runs deliver to, as the program must read them.
    """

    path: str
    statements: tuple[str, ...] = ()
    sources: str = DATABASE


NO_WAREHOUSE = BuildTarget(":memory:")
"""For programs that open no warehouse."""


@dataclass(frozen=True)
class Form(ABC):
    """A warehouse in one form. The caller of its methods holds the lock.

    Attributes:
        settings: limits and folders.
        file: the file that every write changes: it holds the tables, or says where they are.
    """

    settings: Settings
    file: Path

    @property
    def shares_rows(self) -> bool:
        """Whether snapshots name the rows of the warehouse and hold none themselves."""
        return False

    @property
    def exists(self) -> bool:
        """Whether there is a warehouse."""
        return self.file.exists()

    @property
    def place(self) -> str:
        """Where the warehouse is, for people."""
        return str(self.file)

    @property
    def disk(self) -> Path:
        """A folder of the disk that writes fill."""
        return self.file.parent

    @property
    def has_one_user(self) -> bool:
        """Whether one process at a time has the warehouse open, under the lock file of the home."""
        return True

    def lock(self, purpose: str, on_wait: Callable[[str], None]) -> AbstractContextManager[int]:
        """Hold the lock of builds and of whatever writes for long, in forms with several users.

        Args:
            purpose: why the lock is held; whoever waits for it shows this text.
            on_wait: receives one message if another process holds it.

        Yields a descriptor that a child may inherit.

        Raises:
            LockTimeoutError: another process held it for too long.
        """
        raise NotImplementedError(f"{purpose}: {on_wait}: the lock file of the home is the lock of this form")

    def has_prepared_tables(self, versions: Callable[[], Mapping[str, str]]) -> bool:  # noqa: ARG002
        """Whether the tables were made before, and no run makes or changes any.

        Args:
            versions: returns the release of the platform and the versions of its contracts, by name.

        Raises:
            VsfError: they were made by another release or for other contracts; the message says by which.
        """
        return False

    def prepare(
        self,
        versions: Mapping[str, str],  # noqa: ARG002
        make_tables: MakeTables,  # noqa: ARG002
        log: Callable[[str], None],  # noqa: ARG002
    ) -> None:
        """Make what no run makes by itself; safe to repeat.

        Args:
            versions: the release of the platform and the versions of its contracts, by name.
            make_tables: makes missing raw tables, and changes those of changed contracts.
            log: receives a line about what was done.
        """
        return

    def migrate(
        self,
        versions: Mapping[str, str],  # noqa: ARG002
        make_tables: MakeTables,  # noqa: ARG002
        log: Callable[[str], None],
    ) -> None:
        """Change the tables to those of this release, in forms in which no run does so; arguments as of `prepare`."""
        log("every run changes the tables of this warehouse by itself; nothing is to be done")

    def store_session(
        self,
        connection: "DuckDBPyConnection",
        run_id: str,  # noqa: ARG002
        purpose: str,  # noqa: ARG002
        on_wait: Callable[[str], None],  # noqa: ARG002
    ) -> StoreSession:
        """Return how a run stores deliveries over a connection that is open for writing."""
        return StoreSession(connection)

    def pinned(self) -> "Form":
        """Return the same warehouse for a build, with what runs deliver as it is now; the caller holds the lock."""
        return self

    @property
    def delivered(self) -> str:
        """What stands before the names of tables that runs deliver to where a build reads them, as SQL; may be empty.

        Builds write tables of `raw`, too (WRITTEN_BY_BUILDS), which stand beside the others without it.
        """
        return ""

    @property
    def epoch(self) -> int:
        """Number of this hold of the lock, higher than that of every earlier one; 0 in forms with one user."""
        return 0

    @property
    def size(self) -> int:
        """Bytes of the file that a build changes and a snapshot copies."""
        return self.file.stat().st_size

    def run_notes(self, run_id: str, on_wait: Callable[[str], None]) -> RunNotes:  # noqa: ARG002
        """Return the note that a run keeps of what it is doing, and those of runs that are over."""
        return FileNotes(self.settings.scratch)

    def presence(self, run_id: str, on_wait: Callable[[str], None]) -> AbstractContextManager[object]:  # noqa: ARG002
        """Show for a block, to other machines too, that a run is alive."""
        return nullcontext()

    def dead_runs(self) -> list[str]:
        """Return runs that showed that they were alive, and do so no more; those of other machines too."""
        return []

    def forget_dead_runs(self, runs: Sequence[str]) -> None:  # noqa: ARG002
        """Forget runs of `dead_runs`, once they are marked as dead."""
        return

    def owner_id(self) -> str | None:
        """Return the id under which several homes use the same landing zone; None if a home has one of its own."""
        return None

    @abstractmethod
    def connect(self, read_only: bool) -> AbstractContextManager["DuckDBPyConnection"]:
        """Open the warehouse for a block; the current database is `warehouse`, and finished transactions stay.

        Raises:
            duckdb.IOException: it cannot be opened.
        """

    @abstractmethod
    def building(self) -> AbstractContextManager[BuildTarget]:
        """Let another program write for a block; its finished transactions stay."""

    @abstractmethod
    def checkpoint(self, connection: "DuckDBPyConnection") -> None:
        """Make `file` hold everything, without a log beside it; `connection` is open for writing."""

    @abstractmethod
    def copy_to(self, target: BinaryIO, published: Path) -> bool:
        """Write what a snapshot holds into an open empty file; return whether it shares its blocks with `file`.

        Args:
            target: the open file.
            published: the path that the file gets afterwards.
        """

    @abstractmethod
    def to_upload(self) -> AbstractContextManager[Path]:
        """Give a file for a block that holds what a snapshot holds, for an object store."""

    @abstractmethod
    def beside(self) -> "Form":
        """Return an empty warehouse of the same form for a rebuild; what an earlier attempt left is removed."""

    @abstractmethod
    def replace_with(self, beside: "Form") -> None:
        """Put a rebuilt warehouse of the same form in place of this one, atomically."""

    def after_replacing(self, beside: "Form") -> "Form":  # noqa: ARG002
        """Return what a rebuild publishes after `replace_with`."""
        return self

    @property
    def needs_upkeep(self) -> bool:
        """Whether `keep_up` has anything to do in this form."""
        return False

    def keep_up(
        self,
        snapshots: Callable[[], Sequence[Path | str]],  # noqa: ARG002
        now: float,  # noqa: ARG002
        dry_run: bool,  # noqa: ARG002
    ) -> list[int]:
        """Put what many small writes left in order; return the sizes of removed files in bytes.

        Args:
            snapshots: returns all published files that are kept, or their addresses, as they are under the lock.
            now: seconds since 1970.
            dry_run: whether to change nothing, and return what would be removed.

        Raises:
            duckdb.Error, OSError, VsfError: a file cannot be read or written; the warehouse is as it was.
        """
        return []

    @property
    def data_folders(self) -> dict[str, Path]:
        """Folders outside of that of `file` which hold rows: a name for each -> the folder."""
        return {}

    @property
    def kept_elsewhere(self) -> tuple[str, ...]:
        """Parts of the warehouse that no backup of the home holds, for people."""
        return ()

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """What a write or a rebuild that was killed may have left, which nobody needs."""
        return (self.rebuild_folder,)

    @property
    def rebuild_folder(self) -> Path:
        """Folder of what a rebuild makes beside this warehouse; nobody needs it afterwards."""
        return self.file.parent / "rebuild"

    def config(self) -> Config:
        """Return DuckDB's settings for writing."""
        return {
            "memory_limit": self.settings.memory_limit,
            "threads": self.settings.threads,
            "temp_directory": str(self.settings.scratch / "duckdb"),
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": True,
            "storage_compatibility_version": STORAGE_VERSION,
        }

    def last_write(self) -> tuple[str, float] | None:
        """Return a mark that changes with each write, and its time in seconds since 1970; None without a warehouse."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return str(found.st_mtime_ns), found.st_mtime

    def state_on_disk(self) -> tuple[int, ...] | None:
        """Return device, number, size and times (of content and of state, ns) of the file, which a write changes.

        None if there is no file, or if DuckDB's log of transactions lies beside it.
        """
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        if log_of(self.file).exists():
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def remove(self) -> None:
        """Remove the file and its log."""
        log_of(self.file).unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)


def log_of(file: Path) -> Path:
    """Return the path of DuckDB's log of transactions of a file."""
    return file.with_name(file.name + ".wal")
