"""The `Feed` declaration and its parts: how files are recognized, partitioned and read.

Here: frozen types and the pure functions on names. Not here: any reading of files (ingest/) and
the contracts (contracts/, named by table so that declarations load without pandera).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import ClassVar, Literal

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
class Tolerance:
    """What a reading forgives. A row that has its key is loaded whatever else is wrong with it.

    A short row is filled up with empty fields, a long one is cut, and a value that breaks the contract is loaded;
    each with its findings as warnings. Only a row without its key, or one that cannot be cut into fields, is held
    back. The names of a header are matched trimmed, in NFC and whatever their case, a first line like `sep=;` is
    obeyed, and keys are trimmed, with a finding.

    Attributes:
        other_delimiter: one byte that a file (its header says so) or a single line may use instead.
        aliases: (spelling, column) of headers that are accepted for a column's name.
        empty_columns: how many columns without a name the header ends in; the reader sets it for a file. As many
            empty fields at the end of a row are nothing that is said.
    """

    other_delimiter: str
    aliases: tuple[tuple[str, str], ...] = ()
    empty_columns: int = 0


@dataclass(frozen=True)
class Delimited:
    """How a delimited text file is written.

    Attributes:
        delimiter: one byte between fields.
        quote: one byte around fields that contain the delimiter or a newline.
        escape: byte that makes the next one literal; None where a quote is doubled instead.
        tolerance: what is forgiven; None where a record must have exactly the header's fields and keep the contract.
        revision: number of the reading, see `reading_text`.
    """

    revision: ClassVar[int] = 2
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    tolerance: Tolerance | None = None


@dataclass(frozen=True)
class JsonRecords:
    """A JSON array of `{"type": ..., "data": {...}}`; the fields of `data` are a table's columns, no more, no less.

    Attributes:
        tables: (type, table) for every type that is wanted.
        skipped: table of the types that nobody asked for, whose records are skipped and counted.
        revision: number of the reading, see `reading_text`.
    """

    revision: ClassVar[int] = 2
    tables: tuple[tuple[str, str], ...]
    skipped: str


@dataclass(frozen=True)
class JsonLines:
    """A JSON object per line; its keys are the columns."""

    revision: ClassVar[int] = 1


@dataclass(frozen=True)
class NameList:
    """A name per line; blank lines do not count."""

    revision: ClassVar[int] = 2


@dataclass(frozen=True)
class Described:
    """A YAML or JSON file that describes one thing, its one row: a schema of made-up data, or a request for some."""

    revision: ClassVar[int] = 2
    what: Literal["schema", "request"]


Reading = Delimited | JsonRecords | JsonLines | NameList | Described


def reading_text(reading: Reading) -> str:
    """Return what goes into a contract's version of how files are read: the declaration and the reading's revision.

    The declaration alone does not change when the code that reads is mended. The revision of a reading is raised when
    its files give other rows or findings than before, so that originals are read again and an old home holds what a
    rebuild would give. The first revision adds nothing: versions of readings that never changed stay as they are.
    """
    return repr(reading) if reading.revision == 1 else f"{reading!r} revision {reading.revision}"


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


@dataclass(frozen=True)
class Feed:
    """One kind of incoming file.

    Attributes:
        name: the feed's name, also its folder in the landing zone and the archive.
        family: feeds that are ingested by one job.
        takes_effect_by_name: whether a delivery takes effect on the date its name begins with, else on
            the day it lands.
        late_after_hours: hours without a delivery after which the feed is late; 0 where none is expected.
        subject: folder of the dbt models that read it, where that is not the family's name.
        description: what a file holds, for the UI and the docs.
        tables: names of the contracts its rows go to.
        reading: how a file is written.
        partitioning: how deliveries are cut into partitions.
        names: patterns (regular expressions, matched anywhere, case ignored) of file names.
        keeps: `content` where the same bytes count once (event-like), `state` where every
            delivery is a state of its own (state-like).
        members: (file name, table) of the files that arrive together in a partition's folder and are one delivery,
            an upload; empty where each file is one.
        reader: function of a room of the family's own that reads its files, like `package.module:function`; empty
            where a reader of readers/ does.
    """

    name: str
    family: str
    description: str
    tables: tuple[str, ...]
    reading: Reading = Delimited()
    partitioning: Partitioning = UNPARTITIONED
    names: tuple[str, ...] = ()
    keeps: Literal["content", "state"] = "content"
    owner: str = field(default="team:data-platform")
    late_after_hours: int = 0
    takes_effect_by_name: bool = False
    subject: str = ""
    members: tuple[tuple[str, str], ...] = ()
    reader: str = ""

    def tables_of(self, file_name: str) -> tuple[str, ...]:
        """Return the tables that a file's rows go to: of an upload's member its own one."""
        return (dict(self.members)[file_name],) if self.members else self.tables

    @property
    def is_fetched(self) -> bool:
        """Whether its files are fetched from a foreign source; the landing zone belongs to no source."""
        return self.partitioning.kind == "source"

    @property
    def models(self) -> str:
        """Folder of the dbt models that read this feed, in staging/, marts/ and tests/."""
        return self.subject or self.family

    def claims_name(self, name: str) -> bool:
        """Whether a file name alone marks a file of this feed."""
        return any(re.search(pattern, name, re.IGNORECASE) for pattern in self.names)
