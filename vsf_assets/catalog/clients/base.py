"""The interface of every catalog client, and the errors that all of them raise.

Here: the interface and its errors. Not here: the three clients (local.py, http.py, s3.py), retries
(catalog/model/retry.py) and what to fetch (catalog/model/plan.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vsf_assets.catalog.model.errors import SourceError, SourceObjectReplacedError
from vsf_assets.catalog.model.plan import UNKNOWN, Observed
from vsf_assets.catalog.model.retry import Deadline
from vsf_assets.config.catalog_profiles import Profile

BLOCK_BYTES = 1 << 18


@dataclass(frozen=True)
class OpenedObject:
    """An object opened for reading.

    Attributes:
        state: its state when it was opened, or UNKNOWN.
        size: bytes that the source announced, or None.
        blocks: its bytes.
        is_sure: whether a scan observes the same state.
    """

    state: str
    size: int | None
    blocks: Iterator[bytes]
    is_sure: bool = True

    def expect(self, state: str) -> None:
        """Raise SourceObjectReplacedError if the state is not the one that the scan observed."""
        if UNKNOWN not in (state, self.state) and state != self.state:
            raise SourceObjectReplacedError("it was replaced after the scan")


class ObjectSource(Protocol):
    """A read-only place of objects.

    Attributes:
        profile: its settings.
        asks_for_each: whether the state of each object takes a request of its own.
    """

    profile: Profile
    asks_for_each: bool

    def is_absent(self) -> bool:
        """Whether the address does not exist or is empty."""

    def observe(self, names: Sequence[str], progress: Callable[[int], None]) -> dict[str, Observed]:
        """Return the state of each name; call `progress` with the number of observed objects."""

    def open(self, name: str, deadline: Deadline) -> AbstractContextManager[OpenedObject]:
        """Open an object.

        Raises:
            GoneError: it is not there.
            TransientError: a failure that may pass.
            SourceError: the source refused, or the object is larger than allowed.
        """

    def last_modified(self, names: Sequence[str]) -> float:
        """Return the time (seconds since 1970) of the newest change; 0 if the source does not show it."""

    def close(self) -> None:
        """Close connections."""


def too_large(profile: Profile, size: int) -> SourceError:
    """Return the error of an object larger than the profile allows."""
    return SourceError(
        f"it has {size:,} bytes or more, the bound is {profile.most_bytes:,}; raise {profile.say('max_object_mb')}"
    )


def escapes_root(name: str) -> bool:
    """Whether a name leaves the address: absolute, ending in `/`, or with `..`."""
    parts = name.split("/")
    return not all(parts) or not {".", ".."}.isdisjoint(parts)
