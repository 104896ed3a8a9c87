"""Recognizes a full disk in the errors of every library, and reports it in one line.

Here: recognizing such an error in whatever it is wrapped, and `room_for`, which every step that writes is put in.
Not here: the steps, and what they leave behind (nothing half: each has a transaction or a name that comes last).
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
"""DuckDB's limit for what it spills, which is what the disk has free."""

_SAID = (
    *(os.strerror(code) for code in _CODES),
    "database or disk is full",  # SQLite
    _SPILL,
)
DAGSTER_ROOM = 2_000_000
"""About how many bytes Dagster keeps of a run."""

_SAID_WHEN_SHORT = "disk I/O error"
"""What SQLite says of a full disk as well as of a broken one."""

SHORT = 1_000_000
"""Bytes free below which that is a full disk."""

_FILE = re.compile(r'[Cc]ould not \w+ (?:to )?file "([^"]+)"|\[Errno \d+\] [^:]+: \'([^\']+)\'')


class FullDiskError(VsfError, OSError):
    """A file system has no room for what a step has to write; nothing half is left, and the next run goes on.

    It is an OSError, too: whoever cleans up after one does so after this.
    """


def is_full(error: BaseException | str) -> bool:
    """Whether an error, or what it was made of, says that a file system is full or a quota is used up."""
    if isinstance(error, str):
        return any(said in error for said in _SAID)
    return any(
        isinstance(cause, FullDiskError)
        or (isinstance(cause, OSError) and cause.errno in _CODES)
        or (not isinstance(cause, VsfError) and is_full(str(cause)))  # ours may quote what a file holds
        for cause in causes(error)
    )


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it was made of, the outermost first."""
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
    """Raise FullDiskError, with place and size, where the block finds a disk full; other errors pass.

    Args:
        what: is written, for the message: "there is no room for …".
        place: folder or file that is written to, on this machine; a place in a bucket is left out of the message.
        needed: about how many bytes it takes, or what counts them once they are asked for; 0 if nobody can say.
        spill: folder for what DuckDB does not hold in memory; its error about that names no place.
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
    """Return the one line that a person reads; see `room_for` for the arguments. `words` are the system's."""
    folder = _folder_of(place)
    size = needed() if callable(needed) else needed
    about = f"about {_mb(size)} are needed and {_mb(shutil.disk_usage(folder).free)} are free" if size else "it is full"
    about += f" ({words})" if words else ""
    return (
        f"the disk of {folder} has no room for {what}: {about}. Nothing is lost: make room there (or raise the quota),"
        " and run the same command again"
    )


def unplaced_line(error: BaseException) -> str:
    """Return the line for an error that no step named: the place that the error names, else the fullest known one."""
    known = _reported_before(error)
    if known is not None:
        return str(known)
    place = _named(error)
    if place is None:
        from vsf_assets.config.settings import local_places

        place = min((path for path in local_places() if path.is_dir()), key=lambda path: shutil.disk_usage(path).free)
    return full_disk_line("what was to be written", place, words=_words(error))


def _is_short(error: BaseException, place: Path) -> bool:
    """Whether an error may be one of a full disk, and the disk of a place is full."""
    may_be = any(_SAID_WHEN_SHORT in str(cause) for cause in causes(error))
    return may_be and shutil.disk_usage(_folder_of(place)).free < SHORT


def _folder_of(place: Path) -> Path:
    """Return the nearest folder that is there."""
    return next(path for path in (place, *place.absolute().parents) if path.is_dir())


def _reported_before(error: BaseException) -> FullDiskError | None:
    """Return the first of such errors that led to an error: what came after it may have met the same disk."""
    return next((cause for cause in reversed(causes(error)) if isinstance(cause, FullDiskError)), None)


def _words(error: BaseException) -> str:
    """Return the system's own words for what is used up: the disk, a quota, or the size that a file may have."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in _CODES:
            return os.strerror(cause.errno)
    said = " ".join(map(str, causes(error)))
    return next((words for words in map(os.strerror, _CODES) if words in said), "")


def _named(error: BaseException) -> Path | None:
    """Return the file that an error names: the system's, or DuckDB's in its words."""
    for cause in causes(error):
        if isinstance(cause, OSError) and isinstance(cause.filename, str):
            return Path(cause.filename)
        found = _FILE.search(str(cause))
        if found:
            return Path(found[1] or found[2])
    return None


def _mb(size: int) -> str:
    return f"{max(size, 100_000) / 1_000_000:,.1f} MB"
