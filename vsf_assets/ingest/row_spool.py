"""Holds the rows of a delivery until they are stored: in memory, or as Parquet files in scratch.

Here: when rows are written, how many at once, and the writing thread. Not here: reading rows (read_file.py) and
storing them (warehouse/ledger.py).
"""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vsf_assets.readers.common.limits import stored
from vsf_assets.storage.full_disk import room_for

if TYPE_CHECKING:
    import polars as pl

ROW_GROUP = 122_880
"""DuckDB's row group size: DuckDB stores parts of this size in file order without splitting them."""

PART_BYTES = 24 << 20
"""Bytes of rows in memory before complete row groups are written to scratch."""

LONGEST_PART_BYTES = 288 << 20
"""Bytes at which rows are written even if they do not fill a row group."""

WAITED_FOR_BYTES = 64 << 20
"""Bytes from which on the caller waits for a part to be written; smaller parts are written in the background."""

HELD_BYTES = 1 << 20
"""Up to this size the rows of a delivery stay in memory until they are stored: a file would cost more."""


class Parts:
    """Collects frames by table and writes them to Parquet when they grow. Leaving the context ends the writing thread.

    Args:
        folder: folder of the files; created if needed.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._frames: dict[str, list[pl.DataFrame]] = {}
        self._sizes: dict[str, int] = {}
        self._files: dict[str, list[Path]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="parts")
        self._writing: Future[None] | None = None

    def __enter__(self) -> "Parts":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread; its last part is complete or has failed then."""
        self._pool.shutdown()

    def add(self, table: str, frame: "pl.DataFrame") -> None:
        """Add rows; write complete row groups.

        Raises:
            FullDiskError, OSError: scratch cannot be written.
        """
        if frame.is_empty():
            return
        frames = self._frames.setdefault(table, [])
        frames.append(frame)
        self._sizes[table] = self._sizes.get(table, 0) + int(frame.estimated_size())
        rows = sum(held.height for held in frames)
        if self._sizes[table] > LONGEST_PART_BYTES:
            self._write(table, rows)
        elif self._sizes[table] > PART_BYTES and rows >= ROW_GROUP:
            self._write(table, rows // ROW_GROUP * ROW_GROUP)

    def add_findings(self, findings: "pl.DataFrame") -> None:
        """Add findings in the form in which they are stored; raises as `add`."""
        self.add("raw.findings", stored(findings))

    def finish(self) -> "tuple[dict[str, list[Path]], dict[str, pl.DataFrame]]":
        """Return the rows by table: as files, or as frames if they are few and nothing is written yet.

        Raises:
            OSError: scratch cannot be written.
        """
        import polars as pl

        if not self._files and sum(self._sizes.values()) <= HELD_BYTES:
            return {}, {table: pl.concat(frames) for table, frames in self._frames.items()}
        for table, frames in list(self._frames.items()):
            self._write(table, sum(frame.height for frame in frames))
        self._wait()
        return self._files, {}

    def discard(self) -> None:
        """Drop all rows."""
        self._wait()
        for path in (path for paths in self._files.values() for path in paths):
            path.unlink()
        self._frames, self._sizes, self._files = {}, {}, {}

    def _write(self, table: str, rows: int) -> None:
        """Write the first rows in the background; the others stay. At most one part is written at a time."""
        import polars as pl

        held, size = pl.concat(self._frames.pop(table)), self._sizes.pop(table)
        part, rest = held[:rows], held[rows:]
        if rest.height:
            self._frames[table] = [rest]
            self._sizes[table] = int(rest.estimated_size())
        self._wait()
        files = self._files.setdefault(table, [])
        path = self._folder / f"{table}-{len(files):04d}.parquet"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._writing = self._pool.submit(_write_file, part, path)
        files.append(path)
        if size > WAITED_FOR_BYTES:
            self._wait()

    def _wait(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()


def _write_file(rows: "pl.DataFrame", path: Path) -> None:
    with room_for("rows that wait to be stored", path, int(rows.estimated_size())):
        rows.write_parquet(path, compression="uncompressed", statistics=False, row_group_size=ROW_GROUP)
