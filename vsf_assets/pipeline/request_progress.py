"""How far a request for a made-up file is, in a small file that its run writes, for pages that wait for it.

Here: writing and reading that file. A state lands as a file too, and reaches the snapshot with the build after it; a
page that waits knows it here some seconds earlier, and the percentage as well. Not here: which states there are
(synthetic_fulfilment.py), and where the file lies (made_places.py); where a request has none, on another host without
VSF_MADE or after a rebuild, its state in the snapshot is all that is known.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from vsf_assets.config.settings import Settings
from vsf_assets.pipeline.made_places import read_note, remove_note, write_note

FOLDER = ".requests"
"""Folder of these files in that of made-up files; schemas cannot have such a name, so no made-up file lies in it."""


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
    try:
        write_note(settings, _name(request), asdict(progress) | {"at": time.time()})
    except OSError as error:
        log(f"warning: pages do not see how far {request} is: {error}")


def forget_progress(settings: Settings, request: str) -> None:
    """Remove what was written about a request, whose file is gone."""
    remove_note(settings, _name(request))


def read_progress(settings: Settings, request: str) -> RequestProgress | None:
    """Return what the last run wrote about a request; None if there is nothing."""
    found = read_note(settings, _name(request))
    try:
        return None if found is None else RequestProgress(**found)
    except TypeError:
        return None


def _name(request: str) -> str:
    return f"{FOLDER}/{request}.json"
