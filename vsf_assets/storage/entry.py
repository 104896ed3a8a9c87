"""The `Entry` type: a file as a listing shows it.

Here: the type and its times. Not here: listings (listing.py) and stores (base.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """A file as a listing shows it.

    Attributes:
        path: path relative to the store, with `/`.
        size: bytes.
        modified: modified time, UTC, to the microsecond.
        has_done: whether its sender declared that it is complete: a `<name>.done` marker stands beside it, or
            `vsf land` put it there (complete_mark.py).
        etag: the ETag in an object store, which changes with the content; empty in a folder.
    """

    path: str
    size: int
    modified: datetime
    has_done: bool = False
    etag: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rsplit("/", 1)[-1]

    def same_state(self, other: "Entry | None") -> bool:
        """Whether an entry of a later listing shows the same file in the same state."""
        return other is not None and (self.path, self.size, self.modified, self.etag) == (
            other.path,
            other.size,
            other.modified,
            other.etag,
        )


def modified_time(nanoseconds: int) -> datetime:
    """Convert a time in nanoseconds to a UTC time in microseconds (truncated, not rounded)."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)
