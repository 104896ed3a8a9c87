"""The kinds of partitions of feeds, a class per kind, and the recognition of a partition from a path.

Here: pure functions on names and dates. A new kind is a class here, and a line in defs/partitions.py that maps it to a
type of Dagster; no other code depends on the kind. Not here: which feed a path belongs to (recognition.py).
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from typing import ClassVar

_PROFILE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Names of sources; they begin with a letter, so no name is also a day or a quarter."""

_FETCH_TIME = re.compile(r"^\d{8}T\d{6}\.\d{6}Z$")
"""The folder in the path of a fetched file that holds the time of the fetch."""

_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\|]|^[. ]|[. ]$|\.\.\.")
"""Forbidden in a dataset's name: text that folders or partitions of the UI cannot have, and the `|` of keys."""

LONGEST_DATASET = 100
"""Maximum bytes of a dataset's name."""

_REQUEST = re.compile(r"[^\W_](?:(?!\.\.\.)[\w .-]){0,79}")
"""Names of requests: allowed for files and for partitions of the UI."""

_DESCRIBING = re.compile(r"(?:\.request)?\.(?:ya?ml|json)$", re.IGNORECASE)
"""Endings of names of files that hold a request."""

_DATE_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}")

_VOLUME_DAYS = 56
"""Days that a chart of daily volumes shows: eight weeks."""


@dataclass(frozen=True)
class PartitionProblem:
    """Why a file cannot be loaded into a partition.

    Attributes:
        anomaly: missing_partition or partition_out_of_range.
        reason: the problem, and how to resolve it.
    """

    anomaly: str
    reason: str


@dataclass(frozen=True)
class Partitioning(ABC):
    """The kind of partitions of a feed. Two instances of one class are equal.

    Attributes:
        noun: name of a partition in messages.
        keys: the closed list of keys, if there is one.
        example: a key for messages, if the list is open.
        has_keys: whether the feed has partitions.
        has_ranges: whether `--from` and `--to` select by the order of the keys.
        name_decides: whether the partition in a file's name cannot be replaced by another.
        can_be_requested: whether a run can select a partition.
        rhythm: how often files arrive whose volumes are compared, like `daily`; empty if volumes are not compared.
        is_named_by_senders: whether nearly any text is a valid key, so that a mistyped key of another kind is accepted.
    """

    noun: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[str] = ""
    has_keys: ClassVar[bool] = True
    has_ranges: ClassVar[bool] = True
    name_decides: ClassVar[bool] = False
    can_be_requested: ClassVar[bool] = True
    rhythm: ClassVar[str] = ""
    is_named_by_senders: ClassVar[bool] = False

    @abstractmethod
    def key_of(self, path: PurePosixPath, feed: str) -> str | None:
        """Return the partition key in the path of a feed's file, or None if the path has none."""

    @abstractmethod
    def accepts(self, key: str) -> bool:
        """Whether a text is a valid partition key of this kind."""

    def problem_of(self, key: str, landed_at: datetime, earliest: str) -> PartitionProblem | None:  # noqa: ARG002
        """Return why a file cannot belong to a partition, or None.

        Args:
            key: the partition.
            landed_at: when the file landed, UTC.
            earliest: the first expected day, like `2015-01-01`.
        """
        return None

    def missing_reason(self, name: str, example: str) -> str:  # noqa: ARG002
        """Return the message for a file without a partition, and how to resolve it.

        Args:
            name: the file's name.
            example: a name with a partition.
        """
        return f"neither the name nor a folder tells the {self.noun} ({self.choices}); name it like {example}"

    def recent(self, key: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the keys whose volumes are shown in one chart, up to `key`; empty without a rhythm."""
        return ()

    @property
    def choices(self) -> str:
        """The keys, or an example of one, for a message."""
        return ", ".join(self.keys) or f"like {self.example}"

    @property
    def allowed(self) -> str:
        """The values that `--partition` accepts, for a message."""
        return f"a {self.noun}: {self.choices}" if self.has_keys else "not used"


class Unpartitioned(Partitioning):
    """No partitions: every file belongs to the whole feed."""

    noun = "partition"
    has_keys = False
    can_be_requested = False

    def key_of(self, path: PurePosixPath, feed: str) -> None:  # noqa: ARG002
        """Return None."""
        return

    def accepts(self, key: str) -> bool:  # noqa: ARG002
        """Return False."""
        return False


class Quarters(Partitioning):
    """The four quarters of an hour.

    The name of the file has the quarter as `<feed>_<q>`, followed by a non-digit. A folder with the name of a quarter
    has precedence: `2/clicks_1.csv` is quarter 2.
    """

    noun = "quarter"
    keys = ("1", "2", "3", "4")

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:
        """Return the quarter of the innermost folder with such a name, else the quarter of the file name."""
        named = re.search(rf"{re.escape(feed)}_(\d+)(?!\d)", path.name, re.IGNORECASE)
        return _innermost(path, self) or (named.group(1) if named and self.accepts(named.group(1)) else None)

    def accepts(self, key: str) -> bool:
        """Whether a text is a quarter's number."""
        return key in self.keys


class Days(Partitioning):
    """Days: the date at the start of the file name; only without one, the date of a folder.

    The file name has precedence, since folders of downloads are often named by the day of the download.
    """

    noun = "day"
    example = "2019-05-20"
    rhythm = "daily"
    name_decides = True

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:  # noqa: ARG002
        """Return the date of the name, else the date of the innermost folder with such a name."""
        return path.name[:10] if self.accepts(path.name[:10]) else _innermost(path, self)

    def accepts(self, key: str) -> bool:
        """Whether a text is a date of the calendar, like `2019-05-20`."""
        try:
            return date.fromisoformat(key).isoformat() == key
        except ValueError:
            return False

    def problem_of(self, key: str, landed_at: datetime, earliest: str) -> PartitionProblem | None:
        """Return a problem if the day is before the first expected one, or later than the day after landing."""
        landed = landed_at.date().isoformat()
        tomorrow = (landed_at + timedelta(days=1)).date().isoformat()
        if earliest <= key <= tomorrow:
            return None
        if landed < earliest <= key:
            reason = (
                f"the file's own time is {landed}, which is before its day {key} and before any file is expected"
                f" ({earliest}); was its time kept by unzip or cp -p? Copy it without keeping times, or `vsf land` it"
            )
        else:
            reason = (
                f"{key} is not between {earliest}, the first day expected, and {tomorrow}, the day after it landed"
                " (UTC); correct the date in the name and deliver it again"
            )
        return PartitionProblem("partition_out_of_range", reason)

    def missing_reason(self, name: str, example: str) -> str:
        """Return the message for a file without a day; the name may begin with an invalid date."""
        if _DATE_LIKE.match(name):
            return f"the name begins with {name[:10]}, which is no day of the calendar; name it like {example}"
        return super().missing_reason(name, example)

    def recent(self, key: str) -> tuple[str, ...]:
        """Return the days of the eight weeks that end with a day."""
        last = date.fromisoformat(key)
        return tuple((last - timedelta(days=back)).isoformat() for back in reversed(range(_VOLUME_DAYS)))


class SourceProfiles(Partitioning):
    """Profiles of sources: the folder directly below the feed's own; a folder of the fetch time may follow."""

    noun = "source"
    example = "default"
    can_be_requested = False

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:
        """Return the profile's folder."""
        folders = path.parts[:-1]
        if len(folders) == 3 and _FETCH_TIME.match(folders[2]):
            folders = folders[:2]
        return _below(feed, folders, self)

    def accepts(self, key: str) -> bool:
        """Whether a text can be the name of a profile."""
        return _PROFILE.fullmatch(key) is not None


class Datasets(Partitioning):
    """Names that senders give to a folder directly below the feed's own."""

    noun = "dataset"
    example = "managed_investments"
    has_ranges = False
    is_named_by_senders = True

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:
        """Return the folder's name."""
        return _below(feed, path.parts[:-1], self)

    def accepts(self, key: str) -> bool:
        """Whether a text can be the name of a dataset, and so of a folder and of a partition in the UI."""
        try:
            return 0 < len(key.encode()) <= LONGEST_DATASET and _NO_NAME.search(key) is None
        except UnicodeEncodeError:
            return False


class Requests(Partitioning):
    """Requests, each named after its file: `people_1000.request.yaml` is the request people_1000."""

    noun = "request"
    example = "people_1000"
    name_decides = True
    is_named_by_senders = True

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:  # noqa: ARG002
        """Return the file's name without its endings."""
        key = _DESCRIBING.sub("", path.name)
        return key if self.accepts(key) else None

    def accepts(self, key: str) -> bool:
        """Whether a text can be the name of a request."""
        return _REQUEST.fullmatch(key) is not None


def _innermost(path: PurePosixPath, partitioning: Partitioning) -> str | None:
    """Return the innermost folder of a path whose name is a valid key."""
    return next((folder for folder in reversed(path.parts[:-1]) if partitioning.accepts(folder)), None)


def _below(feed: str, folders: tuple[str, ...], partitioning: Partitioning) -> str | None:
    """Return the second of exactly two folders, if the first is the feed's own and the second is a valid key."""
    is_plain = len(folders) == 2 and folders[0] == feed and partitioning.accepts(folders[1])
    return folders[1] if is_plain else None


UNPARTITIONED = Unpartitioned()
DAYS = Days()
QUARTERS = Quarters()
SOURCES = SourceProfiles()
DATASETS = Datasets()
REQUESTS = Requests()
