"""How feeds are cut into partitions, and how a path tells the partition.

Here: pure functions on names. Not here: how partitions look in Dagster (defs/partitions.py).
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

PartitionKind = Literal["none", "quarter", "day", "source", "dataset", "request"]

_PROFILE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Names of sources; they begin with a letter, so none looks like a day or a quarter."""

_FETCH_TIME = re.compile(r"^\d{8}T\d{6}\.\d{6}Z$")
"""The time in the path of what was fetched."""

_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\|]|^[. ]|[. ]$|\.\.\.")
"""What a dataset's name must not hold: what no folder or partition of the UI can be called, and the `|` of keys."""

LONGEST_DATASET = 100
"""Bytes of a dataset's name."""

_REQUEST = re.compile(r"[^\W_](?:(?!\.\.\.)[\w .-]){0,79}")
"""Names of requests: what files and partitions of the UI can be called."""

_DESCRIBING = re.compile(r"(?:\.request)?\.(?:ya?ml|json)$", re.IGNORECASE)
"""How the name of a file that holds a request ends."""


@dataclass(frozen=True)
class Partitioning:
    """How a feed is cut into partitions, and how a path tells the partition.

    Attributes:
        kind: none, quarter, day, source (the profile of a foreign source that files were fetched from), dataset
            (a name that its senders give), or request (the name of the file that asks for something).
        keys: the closed list of keys, where there is one.
        example: a key for messages, where the list is open.
    """

    kind: PartitionKind = "none"
    keys: tuple[str, ...] = ()
    example: str = ""

    def accepts(self, key: str) -> bool:
        """Whether a text is a partition key of this kind."""
        if self.kind == "source":
            return _PROFILE.fullmatch(key) is not None
        if self.kind == "dataset":
            return _is_name(key)
        if self.kind == "request":
            return _REQUEST.fullmatch(key) is not None
        return _is_day(key) if self.kind == "day" else key in self.keys

    @property
    def choices(self) -> str:
        """The keys, or one as an example, for a message."""
        return ", ".join(self.keys) or f"like {self.example}"

    def key_of(self, feed: str, path: PurePosixPath) -> str | None:
        """Return the partition a path tells, or None where it tells none.

        For a quarter a folder named like one beats the name (`2/clicks_1.csv` is quarter 2), where
        it is `<feed>_<q>` followed by a non-digit. A day is the date the name begins with, and only
        without one that of a folder: people call a folder of downloads by its date. A source or a
        dataset is the folder directly below the feed's own; below a source's one more, for the time
        it was due, may follow. A request is called like its file.
        """
        if self.kind in ("none", "request"):
            return self._request_of(path) if self.kind == "request" else None
        if self.kind in ("source", "dataset"):
            folders = path.parts[:-1]
            has_time = self.kind == "source" and len(folders) == 3 and _FETCH_TIME.match(folders[2]) is not None
            is_plain = len(folders) == 2 or has_time
            return folders[1] if is_plain and folders[0] == feed and self.accepts(folders[1]) else None
        if self.kind == "day" and _is_day(path.name[:10]):
            return path.name[:10]
        for folder in reversed(path.parts[:-1]):
            if self.accepts(folder):
                return folder
        if self.kind == "day":
            return None
        named = re.search(rf"{re.escape(feed)}_(\d+)(?!\d)", path.name, re.IGNORECASE)
        if named and named.group(1) in self.keys:
            return named.group(1)
        return None

    def _request_of(self, path: PurePosixPath) -> str | None:
        key = _DESCRIBING.sub("", path.name)
        return key if self.accepts(key) else None


def _is_name(text: str) -> bool:
    try:
        return 0 < len(text.encode()) <= LONGEST_DATASET and _NO_NAME.search(text) is None
    except UnicodeEncodeError:
        return False


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


UNPARTITIONED = Partitioning()
DAYS = Partitioning("day", example="2019-05-20")
QUARTERS = Partitioning("quarter", ("1", "2", "3", "4"))
SOURCES = Partitioning("source", example="default")
DATASETS = Partitioning("dataset", example="managed_investments")
REQUESTS = Partitioning("request", example="people_1000")
