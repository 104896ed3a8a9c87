"""What became of requests for files: from the snapshot, and from what the run writes while it makes a file.

Here: the state of each request of a schema, and the path of a file that is ready. Not here: requests
(file_requests.py), and pages.
"""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from vsf_assets.pipeline.made_places import is_there, local_file
from vsf_assets.pipeline.request_progress import RequestProgress, read_progress
from vsf_assets.portal.made.landing import waits_in_landing
from vsf_assets.portal.made.models import RequestedFile
from vsf_assets.snapshots.pool import OpenSnapshot

QUEUED, PROCESSING, READY, FAILED, REPLACED, DELETED = (
    "queued",
    "processing",
    "ready",
    "failed",
    "replaced",
    "deleted",
)
"""States, with the words of the original."""

STALE_SECONDS = 600.0
"""Seconds without news after which a file that is being made is taken for waiting; its last check may take minutes."""

LOST_AFTER = timedelta(minutes=1)

_LANDED = re.compile(r"-[0-9a-z]{26}-r\d+(?=')")
"""What the name of a landed schema has behind the author's."""

_ENDS = (READY, FAILED, REPLACED, DELETED)
_SQL = "select request, state, reason, bytes, sha256 from reports.fake_requests where list_contains($names, request)"


@dataclass(frozen=True)
class RequestState:
    """The state of a request.

    Attributes:
        request: the request.
        state: one of the states above.
        percent: share of the rows that are made, while they are.
        reason: why it failed, or what it waits for.
        bytes, sha256: of the file, once it is ready.
    """

    request: RequestedFile
    state: str
    percent: int = 0
    reason: str = ""
    bytes: int | None = None
    sha256: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it stays as it is."""
        return self.state in _ENDS

    @property
    def words(self) -> str:
        """The state for people."""
        return f"processing {self.percent} %" if self.state == PROCESSING else self.state


def states_of(requests: Sequence[RequestedFile], snapshot: OpenSnapshot | None) -> list[RequestState]:
    """Return the states of requests, in their order."""
    names = [request.name for request in requests]
    rows = snapshot.query(_SQL, {"names": names}).rows if snapshot and names else []
    published = {row[0]: row[1:] for row in rows}
    return [_state(request, published.get(request.name)) for request in requests]


def _state(request: RequestedFile, published: Sequence[object] | None) -> RequestState:
    if published is not None and published[0] in _ENDS:
        return _as_published(request, published)
    progress = read_progress(settings.VSF, request.name)
    if progress is not None and not _is_stale(progress):
        reason = _LANDED.sub("", progress.reason or "")
        return RequestState(request, progress.state, progress.percent, reason, progress.bytes, progress.sha256)
    if request.landed_at is None and timezone.now() - request.created_at > LOST_AFTER:
        return RequestState(request, FAILED, reason="it was interrupted before it was handed over; generate it again")
    waits = "" if published is not None or progress is not None else _waits_for(request)
    return RequestState(request, QUEUED, reason=waits)


def _as_published(request: RequestedFile, published: Sequence[object]) -> RequestState:
    state, reason, size, sha256 = published
    is_ready = state == READY
    if is_ready and not is_there(settings.VSF, request.target):
        state, reason = FAILED, "the file is not on this machine any more; generate it again"
    return RequestState(
        request,
        str(state),
        100 if state == READY else 0,
        _LANDED.sub("", str(reason or "")),
        int(str(size)) if state == READY and size is not None else None,
        str(sha256) if state == READY else None,
    )


def _waits_for(request: RequestedFile) -> str:
    if waits_in_landing(request.revision.path):
        return f"waits for the next run, which takes revision {request.revision.number} first"
    return "waits for the next run" if waits_in_landing(request.path) else ""


def _is_stale(progress: RequestProgress) -> bool:
    return progress.state == PROCESSING and time.time() - progress.at > STALE_SECONDS


def tag_of(states: Sequence[RequestState], *more: object) -> str:
    """Return a tag that changes with what is said of requests."""
    said = [(found.request.ulid, found.words, found.reason, found.bytes, found.sha256) for found in states]
    return f'"{hashlib.sha256(json.dumps([said, [str(each) for each in more]]).encode()).hexdigest()[:32]}"'


def path_of(state: RequestState) -> Path:
    """Return the path of a file that is ready; raises OSError if it is gone or cannot be fetched."""
    return local_file(settings.VSF, state.request.target, state.sha256 or "")
