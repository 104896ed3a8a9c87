"""How any source is read: what it must offer, its errors, and which one belongs to an address.

Here: the interface and its errors. Not here: the three forms (folder.py, http.py, s3.py), when to try
again (retrying.py) and what is due (states.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vsf_assets.catalog.plan import UNKNOWN, Observed
from vsf_assets.catalog.retry import Deadline
from vsf_assets.common.errors import VsfError
from vsf_assets.config.catalog_profiles import Profile

BLOCK_BYTES = 1 << 18


class SourceError(VsfError):
    """The source, its list or an object cannot be read; the message says which and what to look at."""


class TransientError(SourceError):
    """A failure that may pass: it is tried again.

    Attributes:
        retry_after: seconds that the source asked to wait, or 0.
    """

    def __init__(self, reason: str, retry_after: float = 0.0):
        super().__init__(reason)
        self.retry_after = retry_after


class GoneError(SourceError):
    """The object is not there."""


class ReplacedError(SourceError):
    """The object is no longer in the state that the look saw."""


@dataclass(frozen=True)
class Content:
    """An object opened for reading.

    Attributes:
        state: its state as the source told when it was opened, or UNKNOWN.
        size: bytes the source announced, or None.
        blocks: its bytes.
        is_sure: whether looking at the object tells the same state.
    """

    state: str
    size: int | None
    blocks: Iterator[bytes]
    is_sure: bool = True

    def expect(self, state: str) -> None:
        """Raise ReplacedError where it is in another state than a look saw."""
        if UNKNOWN not in (state, self.state) and state != self.state:
            raise ReplacedError("it was replaced after the look")


class ObjectSource(Protocol):
    """A place of objects that is only read.

    Attributes:
        profile: what is set for it.
        asks_for_each: whether the state of each object takes a request of its own.
    """

    profile: Profile
    asks_for_each: bool

    def is_absent(self) -> bool:
        """Whether there is nothing at all at the address."""

    def observe(self, names: Sequence[str], tell: Callable[[int], None]) -> dict[str, Observed]:
        """Return the state of each name; `tell` hears how many were looked at."""

    def open(self, name: str, deadline: Deadline) -> AbstractContextManager[Content]:
        """Open an object.

        Raises:
            GoneError: it is not there.
            TransientError: the source failed in a way that may pass.
            SourceError: it refused, or the object is larger than allowed.
        """

    def youngest(self, names: Sequence[str]) -> float:
        """Return the time (seconds since 1970) of the newest change, where it can be seen; else 0."""

    def close(self) -> None:
        """Let go of connections."""


def open_source(profile: Profile) -> ObjectSource:
    """Return the source of a profile; nothing is reached yet."""
    if profile.kind == "http":
        from vsf_assets.catalog.clients.http import HttpSource

        return HttpSource(profile)
    if profile.kind == "s3":
        from vsf_assets.catalog.clients.s3 import S3Source

        return S3Source(profile)
    from vsf_assets.catalog.clients.local import FolderSource

    return FolderSource(profile)


def too_large(profile: Profile, size: int) -> SourceError:
    """Return the error of an object larger than the profile allows."""
    return SourceError(
        f"it has {size:,} bytes or more, the bound is {profile.most_bytes:,}; raise {profile.say('max_object_mb')}"
    )


def leads_astray(name: str) -> bool:
    """Whether a name is none below an address: absolute, of a folder, or with steps upwards."""
    parts = name.split("/")
    return not all(parts) or not {".", ".."}.isdisjoint(parts)
