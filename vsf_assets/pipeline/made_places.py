"""Where made-up files lie that were requested: in the home, or with VSF_MADE in a bucket that every host reads.

Here: keeping, finding, removing and fetching such a file, and the small notes about requests beside them. Not here:
making files (synthetic_fulfilment.py; always in the home, and sent on when they are whole), and what notes say.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, cast

from vsf_assets.common.atomic_files import atomic_file, atomic_write
from vsf_assets.common.digests import sha256_of_file
from vsf_assets.config.settings import Settings
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.s3 import ObjectStore

_LARGEST_NOTE = 100_000
_KEPT_SECONDS = 3600.0
"""For which a fetched file is kept after it was last wanted."""

_PART = 1 << 20


def keep(settings: Settings, target: str) -> None:
    """Send a file that was made in the home to where it belongs; without VSF_MADE it is there."""
    if settings.made_address:
        made = settings.made / target
        with made.open("rb") as file:
            _store(settings).put(target, file, os.fstat(file.fileno()).st_size)
        made.unlink()


def remove(settings: Settings, target: str) -> None:
    """Remove a file; a missing one is no error."""
    (settings.made / target).unlink(missing_ok=True)
    if settings.made_address:
        _store(settings).remove(target)


def is_there(settings: Settings, target: str) -> bool:
    """Whether a file that is ready can be sent; of a bucket that is known when it is fetched."""
    return bool(settings.made_address) or (settings.made / target).is_file()


def local_file(settings: Settings, target: str, sha256: str) -> Path:
    """Return the path of a file on this host; one of a bucket is fetched, once for those who want it soon after.

    Raises:
        OSError: it is not there, is another one, or cannot be fetched.
    """
    if not settings.made_address:
        return settings.made / target
    folder = settings.home / "cache" / "made"
    folder.mkdir(parents=True, exist_ok=True)
    _remove_unused(folder)
    wanted = folder / sha256
    if wanted.is_file():
        os.utime(wanted)
        return wanted
    with _store(settings).open(target) as source, atomic_file(wanted) as file:
        while part := source.read(_PART):
            file.write(part)
    if sha256_of_file(wanted) != sha256:
        wanted.unlink()
        raise FileNotFoundError(f"{settings.made_address}/{target} is another file by now")
    return wanted


def write_note(settings: Settings, name: str, content: dict[str, Any]) -> None:
    """Write a note beside the files; raises OSError."""
    text = json.dumps(content).encode()
    if settings.made_address:
        with _store(settings).writer(name) as file:
            file.write(text)
        return
    path = settings.made / name
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, text, is_durable=False)


def read_note(settings: Settings, name: str) -> dict[str, Any] | None:
    """Return a note; None if there is none, or none that can be read."""
    try:
        with _store(settings).open(name) if settings.made_address else (settings.made / name).open("rb") as file:
            found = json.loads(file.read(_LARGEST_NOTE))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def remove_note(settings: Settings, name: str) -> None:
    """Remove a note; a missing one is no error."""
    if settings.made_address:
        _store(settings).remove(name)
    else:
        (settings.made / name).unlink(missing_ok=True)


def _store(settings: Settings) -> ObjectStore:
    return cast(ObjectStore, open_store(settings.made_address))


def _remove_unused(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
            path.unlink(missing_ok=True)
