"""Putting a file into the landing zone: complete under its name or not there at all."""

import filecmp
import os
import shutil
import tempfile
from pathlib import Path

from vsf_assets.errors import UsageError


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
        try:
            os.link(temporary, place)  # fails where a file is, also one that came this instant
        except FileExistsError:
            if filecmp.cmp(temporary, place, shallow=False):
                return False
            raise UsageError(
                f"{target} is pending with other content and is never replaced; run `vsf run` first, or land it"
                " under another name"
            ) from None
        return True
    finally:
        temporary.unlink(missing_ok=True)
