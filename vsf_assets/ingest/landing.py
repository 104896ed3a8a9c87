"""Putting a file into the landing zone: complete under its name or not there at all."""

import errno
import filecmp
import os
import shutil
import tempfile
from pathlib import Path

from vsf_assets.errors import UsageError

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def land_file(landing: Path, source: Path, target: str) -> bool:
    """Copy a file into the landing zone, renamed into place, modified time now.

    Args:
        landing: the landing zone's folder.
        source: the file.
        target: path in the landing zone.

    Returns:
        False where an equal file is pending there already.

    Raises:
        UsageError: another file is pending under this name; it is never replaced.
    """
    place = landing / target
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".landing-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as writer, source.open("rb") as reader:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        temporary.chmod(0o644)
        os.utime(temporary)
        if _place(temporary, place):
            return True
        if filecmp.cmp(temporary, place, shallow=False):
            return False
        raise UsageError(
            f"{target} is pending with other content and is never replaced; run `vsf run` first, or land it"
            " under another name"
        )
    finally:
        temporary.unlink(missing_ok=True)


def _place(temporary: Path, place: Path) -> bool:
    """Give the file its name; return False where there is a file of this name already."""
    try:
        os.link(temporary, place)  # fails where a file is, also one that came this instant
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if place.exists():
            return False
        temporary.replace(place)
    return True
