"""How far a request for a made-up file is, in a small file that its run writes, for pages that wait for it.

Here: writing and reading that file. A state lands as a file too, and reaches the snapshot with the build after it; a
page that waits knows it here some seconds earlier, and the percentage as well. Not here: which states there are
(synthetic_fulfilment.py); where a request has no such file, on another host or after a rebuild, its state in the
snapshot is all that is known.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.config.settings import Settings

FOLDER = ".requests"
"""Folder of these files in that of made-up files; schemas cannot have such a name, so no made-up file lies in it."""

_LARGEST = 100_000


@dataclass(frozen=True)
class RequestProgress:
    """What a run wrote about a request.

    Attributes:
        state: processing, ready, failed or deleted.
        percent: share of the rows that are made, 0 to 100.
        reason: why it failed or was deleted.
        bytes, sha256: size and digest of the file, of one that is ready.
        at: when it was written, in seconds since 1970.
    """

    state: str
    percent: int = 0
    reason: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    at: float = 0.0


def write_progress(settings: Settings, request: str, progress: RequestProgress, log: Callable[[str], None]) -> None:
    """Write how far a request is; one that cannot be written is logged, and the file is made all the same."""
    path = _path(settings, request)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = asdict(progress) | {"at": time.time()}
        atomic_write(path, json.dumps(content).encode(), is_durable=False)
    except OSError as error:
        log(f"warning: pages do not see how far {request} is: {error}")


def forget_progress(settings: Settings, request: str) -> None:
    """Remove what was written about a request, whose file is gone."""
    _path(settings, request).unlink(missing_ok=True)


def read_progress(settings: Settings, request: str) -> RequestProgress | None:
    """Return what the last run wrote about a request; None if there is nothing."""
    try:
        with _path(settings, request).open("rb") as file:
            return RequestProgress(**json.loads(file.read(_LARGEST)))
    except (OSError, ValueError, TypeError):
        return None


def _path(settings: Settings, request: str) -> Path:
    return settings.made / FOLDER / f"{request}.json"
