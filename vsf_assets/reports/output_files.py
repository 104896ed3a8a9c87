"""Writes report files: valid names, cells that no spreadsheet executes, atomic replacement.

Here: names, cells, writing. Not here: the content of a report.
"""

import io
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from vsf_assets.common.atomic_files import temp_beside
from vsf_assets.common.errors import UsageError
from vsf_assets.storage.full_disk import FullDiskError, room_for

LONGEST_NAME = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet read a cell as a formula, in both widths."""


def harmless(cell: Any) -> Any:
    """Return a cell that no spreadsheet executes: an apostrophe is put before a text that looks like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def check_name(path: Path, suffixes: Collection[str]) -> Path:
    """Return the path of a report file, if it is valid.

    Args:
        path: the path of the command line.
        suffixes: the allowed endings of its name.

    Raises:
        UsageError: the name has another ending, or is no valid file name.
    """
    name, allowed = path.name, " or ".join(sorted(suffixes))
    if path.suffix not in suffixes:
        raise UsageError(f"{path}: the name must end in {allowed}")
    if name.startswith(".") or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise UsageError(f"{str(path)!r}: the name must not begin with a dot nor hold control characters")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UsageError(f"{str(path)!r}: the name is not UTF-8") from None
    if size > LONGEST_NAME:
        raise UsageError(f"{path}: the name is longer than {LONGEST_NAME} bytes")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    return path


@contextmanager
def atomic_file(path: Path, needed: int = 0) -> Iterator[TextIO]:
    """Write a text file atomically; missing folders are created.

    Args:
        path: its path.
        needed: number of bytes to write; 0 if unknown, then twice what was written is taken.

    Raises:
        FullDiskError: the disk has no room for the file.
        UsageError: its folder cannot be created or written to.
    """
    with ExitStack() as stack:
        try:
            with room_for(path.name, path.parent, needed):
                path.parent.mkdir(parents=True, exist_ok=True)
                temp = stack.enter_context(temp_beside(path, mode=0o644))
        except FullDiskError:
            raise
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {path.parent}: {error.strerror}; name another file") from None
        with room_for(path.name, path.parent, lambda: needed or 2 * temp.path.stat().st_size):
            text = io.TextIOWrapper(temp.file, encoding="utf-8", newline="")
            yield text
            text.flush()
            text.detach()
            temp.finish(is_durable=False)  # it can be written again from the snapshot
        temp.path.replace(path)
