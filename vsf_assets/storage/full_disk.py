"""Recognizes a full disk in the errors of every library, and reports it in one line.

Here: recognizing such an error in any chain of exceptions, and `room_for`, which wraps every step that writes. Not
here: the steps; they leave no partial files, because each uses a transaction or an atomic rename.
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vsf_assets.common.errors import VsfError

_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SPILL = "max_temp_directory_size"
"""DuckDB's limit for spilling, which equals the free space of the disk."""

_MESSAGES = (
    *(os.strerror(code) for code in _CODES),
    "database or disk is full",  # SQLite
    _SPILL,
)
DAGSTER_ROOM = 2_000_000
"""Approximate size of what Dagster stores about a run, in bytes."""

_SQLITE_MESSAGE = "disk I/O error"
"""SQLite's message for a full disk, and also for a broken one."""

SMALLEST = 100_000
"""Bytes that a message says at least are needed: the smallest that it can show."""

SHORT = 1_000_000
"""With fewer free bytes, that message means a full disk."""

_FILE = re.compile(r'[Cc]ould not \w+ (?:to )?file "([^"]+)"|\[Errno \d+\] [^:]+: \'([^\']+)\'')


class FullDiskError(VsfError, OSError):
    """A file system has too little space for a step; no partial file remains, and the next run continues.

    It is also an OSError, so that code that cleans up after an OSError cleans up after this one.
    """


def is_full(error: BaseException | str) -> bool:
    """Whether an error, or one of its causes, means that a file system is full or a quota is used up."""
    if isinstance(error, str):
        return any(message in error for message in _MESSAGES)
    return any(
        isinstance(cause, FullDiskError)
        or (isinstance(cause, OSError) and cause.errno in _CODES)
        or (not isinstance(cause, VsfError) and is_full(str(cause)))  # a VsfError may quote the content of a file
        for cause in causes(error)
    )


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, the outermost first."""
    found: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in found:
        found.append(here)
        here = here.__cause__ or here.__context__
    return found


@contextmanager
def room_for(
    what: str, place: Path | str, needed: int | Callable[[], int] = 0, spill: Path | None = None
) -> Iterator[None]:
    """Raise FullDiskError, with place and size, if the block fails because of a full disk; other errors pass.

    Args:
        what: the content that is written, for the message "there is no room for …".
        place: folder or file on this machine that is written to; the message omits a place in a bucket.
        needed: approximate number of bytes, or a function that counts them if necessary; 0 if unknown.
        spill: folder to which DuckDB spills; its error about a full disk names no place.
    """
    try:
        yield
    except FullDiskError:
        raise
    except Exception as error:
        known = _reported_before(error)
        if known is not None:
            raise FullDiskError(str(known)) from error
        spilled = spill if spill and any(_SPILL in str(cause) for cause in causes(error)) else None
        where = spilled or _named(error) or Path(place)
        if not is_full(error) and not _is_short(error, where):
            raise
        raise FullDiskError(full_disk_line(what, where, needed, _words(error))) from error


def full_disk_line(what: str, place: Path, needed: int | Callable[[], int] = 0, words: str = "") -> str:
    """Return the message for a person; see `room_for` for the arguments. `words` is the system's message."""
    folder = _folder_of(place)
    size = needed() if callable(needed) else needed
    free = f"{_mb(shutil.disk_usage(folder).free)} are free"
    about = f"about {_mb(max(size, SMALLEST))} are needed and {free}" if size else f"it is full, {free}"
    about += f" ({words})" if words else ""
    return (
        f"the disk of {folder} has no room for {what}: {about}. Nothing is lost: make room there (or raise the quota),"
        " and run the same command again"
    )


def unplaced_line(error: BaseException) -> str:
    """Return the message for an error outside `room_for`; the place is the error's, else the fullest known disk."""
    known = _reported_before(error)
    if known is not None:
        return str(known)
    place = _named(error)
    if place is None:
        from vsf_assets.config.settings import local_places

        place = min((path for path in local_places() if path.is_dir()), key=lambda path: shutil.disk_usage(path).free)
    return full_disk_line("what was to be written", place, words=_words(error))


def _is_short(error: BaseException, place: Path) -> bool:
    """Whether an error may come from a full disk, and the disk of a place is full."""
    may_be = any(_SQLITE_MESSAGE in str(cause) for cause in causes(error))
    return may_be and shutil.disk_usage(_folder_of(place)).free < SHORT


def _folder_of(place: Path) -> Path:
    """Return the nearest existing folder."""
    return next(path for path in (place, *place.absolute().parents) if path.is_dir())


def _reported_before(error: BaseException) -> FullDiskError | None:
    """Return the first FullDiskError among the causes of an error; later ones may come from the same disk."""
    return next((cause for cause in reversed(causes(error)) if isinstance(cause, FullDiskError)), None)


def _words(error: BaseException) -> str:
    """Return the system's message for the used-up resource: the disk, a quota, or the largest file size."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in _CODES:
            return os.strerror(cause.errno)
    said = " ".join(map(str, causes(error)))
    return next((words for words in map(os.strerror, _CODES) if words in said), "")


def _named(error: BaseException) -> Path | None:
    """Return the file that an error names, in its attributes (OSError) or in its message (DuckDB)."""
    for cause in causes(error):
        if isinstance(cause, OSError) and isinstance(cause.filename, str):
            return Path(cause.filename)
        found = _FILE.search(str(cause))
        if found:
            return Path(found[1] or found[2])
    return None


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
