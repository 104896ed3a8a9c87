"""Writes made-up files as CSV and Parquet, in constant memory, atomically.

Here: the loop over portions of rows, made by several threads and written in order, progress, and what becomes of
an interruption or a full disk. Not here: what the rows are (generator.py).
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from vsf_assets.common.atomic_files import temp_beside
from vsf_assets.common.errors import VsfError
from vsf_assets.common.prefetch import map_ahead
from vsf_assets.storage.full_disk import FullDiskError, full_disk_line, is_full
from vsf_assets.synthetic.generator import Frames

Format = Literal["csv", "parquet"]
Progress = Callable[[int], None]
"""Is told how many rows are written."""

_PORTIONS_BYTES = 96_000_000
"""What the portions that are made, waiting or written at a time may have together, whatever the number of threads."""

_MOST_PORTION_ROWS = 65_536
"""Fewer cost more for each row; more cost memory and hardly less."""

_SAMPLE_ROWS = 64
_GROUP_ROWS = 131_072
"""Rows of a row group of a Parquet file; the same whatever the portions."""


@dataclass(frozen=True)
class Written:
    """A file that was written: its rows and bytes."""

    rows: int
    bytes: int


def write_file(
    frames: Frames,
    path: Path,
    form: Format = "csv",
    *,
    progress: Progress = lambda _: None,
    threads: int = 0,
    portion_rows: int = 0,
) -> Written:
    """Write all rows of a request into a file, which appears only when it is whole.

    Args:
        frames: the rows.
        path: where; a file that is there is replaced.
        form: csv or parquet.
        progress: is called after each portion.
        threads: how many threads make rows; 0 for one per core.
        portion_rows: rows that are made at once; 0 for what keeps the memory small. Neither changes a byte.

    Raises:
        VsfError: it could not be written; the message says why, and nothing is left behind.
    """
    with _atomic_file(path) as target:
        if form == "csv":
            write_csv(frames, target, progress=progress, threads=threads, portion_rows=portion_rows)
        else:
            _write_parquet(frames, target, progress, threads, portion_rows)
        target.flush()
        return Written(frames.request.rows, os.fstat(target.fileno()).st_size)


def write_csv(
    frames: Frames,
    target: BinaryIO,
    *,
    progress: Progress = lambda _: None,
    threads: int = 0,
    portion_rows: int = 0,
) -> None:
    """Write all rows of a request as CSV into an open file; see `write_file`."""
    frames = frames.as_written()

    def write(frame: pl.DataFrame, has_header: bool = False) -> None:
        if frame.width == 1:
            # A line without anything would be read as no row at all, so a missing value is written in quotes.
            frame = frame.select(pl.all().cast(pl.String).fill_null(""))
        frame.write_csv(
            target,
            include_header=has_header,
            separator=frames.request.schema.separator,
            quote_char=frames.request.schema.quote,
            datetime_format="%Y-%m-%dT%H:%M:%S",
        )

    write(frames.empty, has_header=True)
    for stop, frame in _in_order(frames, threads, portion_rows):
        write(frame)
        progress(stop)


def _write_parquet(frames: Frames, target: BinaryIO, progress: Progress, threads: int, portion_rows: int) -> None:
    from polars.io.plugins import register_io_source

    is_interrupted = threading.Event()

    def portions(*_: object) -> Iterator[pl.DataFrame]:
        for stop, frame in _in_order(frames, threads, portion_rows):
            if is_interrupted.is_set():
                raise InterruptedError
            yield frame
            progress(stop)

    source = register_io_source(portions, schema=frames.empty.schema)
    # In a thread of its own, since signals reach Python only while the main thread runs Python.
    with ThreadPoolExecutor(1, thread_name_prefix="synthetic-parquet") as pool:
        written = pool.submit(source.sink_parquet, target, row_group_size=_GROUP_ROWS, maintain_order=True)
        try:
            written.result()
        except BaseException:
            is_interrupted.set()
            raise


def _in_order(frames: Frames, threads: int, portion_rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Return an iterator of (rows so far, frame) of all portions in order; a few are made ahead, never more."""
    rows, workers = frames.request.rows, threads or os.cpu_count() or 1
    step = portion_rows or _fitting_rows(frames, workers + 2)

    def make(start: int) -> tuple[int, pl.DataFrame]:
        stop = min(start + step, rows)
        return stop, frames.frame(start, stop)

    return map_ahead(make, range(0, rows, step), workers)


def _fitting_rows(frames: Frames, portions: int) -> int:
    """Return how many rows make a portion, where there are so many at a time, judged by the first ones."""
    sample = frames.frame(0, min(_SAMPLE_ROWS, frames.request.rows))
    if sample.is_empty():
        return 1
    width = len(sample.write_csv(include_header=False)) // len(sample) + 8 * sample.width
    return max(16, min(_MOST_PORTION_ROWS, _PORTIONS_BYTES // portions // width))


@contextmanager
def _atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes its name when the block ends well, and is removed when it does not.

    Raises:
        FullDiskError: the disk is full.
        VsfError: the folder is missing.
    """
    so_far = 0
    try:
        with temp_beside(path) as temp:
            try:
                yield temp.file
            except BaseException:
                so_far = temp.path.stat().st_size if temp.path.exists() else 0
                raise
            temp.finish(is_durable=False)  # what power loss takes is made again, with the same bytes
            temp.path.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        if is_full(error):
            line = full_disk_line("it", path.parent, so_far)
            raise FullDiskError(f"{path}: the disk is full; nothing was left there: {line}") from error
        reason = getattr(error, "strerror", None) or error
        raise VsfError(f"{path} could not be written: {reason}; nothing was left there") from error
