"""The `Feed` declaration: one kind of incoming file.

Here: the fields of a declaration. Not here: formats of files (reading.py), kinds of partitions (partitioning.py), which
feed a path belongs to (recognition.py), and the contracts (contracts/), which are named by table so that declarations
load without pandera.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from vsf_assets.feeds.partitioning import UNPARTITIONED, Partitioning, PartitionProblem
from vsf_assets.feeds.reading import CSV, Reading


@dataclass(frozen=True)
class Feed:
    """One kind of incoming file.

    Attributes:
        name: the feed's name, also its folder in the landing zone and the archive.
        family: feeds that are ingested by one job.
        description: content of a file, for the UI and the docs.
        tables: names of the contracts of its tables.
        examples: names, or paths in the landing zone, of files of this feed, with their partition. Messages show the
            first one.
        not_ours: similar names that belong to another feed or to no feed.
        reading: the format of a file.
        partitioning: the kind of its partitions.
        names: patterns (regular expressions, matched anywhere, case ignored) of file names; if empty, only files in
            the feed's folder are recognized.
        counts_once_by: `content` if equal bytes count once (events), `delivery` if every delivery counts (states).
        owner: the person or team in charge.
        late_after_hours: hours without a delivery after which the feed is late; 0 if no delivery is expected.
        takes_effect_by_name: whether a delivery takes effect on the date at the start of its name, else on the day it
            lands.
        subject: folder of the dbt models that read it, if that is not the family's name.
        members: (file name, table) of the files that arrive together in a partition's folder and are one upload;
            empty if each file is a delivery.
        reader: function of the family's own package that reads its files, like `package.module:function`; empty if a
            reader of readers/ does.
        is_fetched: whether its files are fetched from a source into the inbox; no file of the landing zone is its own.
        is_source_folder: whether its folder in the landing zone is a source that is read like a bucket; no file in it
            is pending, and the folder may be a link.
        has_source_encoding: whether its files have the encoding of the source that is their partition; else UTF-8.
        is_always_archived: whether its originals are archived whatever VSF_AFTER_LOAD says, since no sender can
            deliver them again.
        is_written_by_platform: whether the platform itself writes its files; lists of feeds for people omit it.
    """

    name: str
    family: str
    description: str
    tables: tuple[str, ...]
    examples: tuple[str, ...]
    not_ours: tuple[str, ...] = ()
    reading: Reading = CSV
    partitioning: Partitioning = UNPARTITIONED
    names: tuple[str, ...] = ()
    counts_once_by: Literal["content", "delivery"] = "content"
    owner: str = "team:data-platform"
    late_after_hours: int = 0
    takes_effect_by_name: bool = False
    subject: str = ""
    members: tuple[tuple[str, str], ...] = ()
    reader: str = ""
    is_fetched: bool = False
    is_source_folder: bool = False
    has_source_encoding: bool = False
    is_always_archived: bool = False
    is_written_by_platform: bool = False

    def tables_of(self, file_name: str) -> tuple[str, ...]:
        """Return the tables of a file's rows; for a member of an upload, its one table."""
        return (dict(self.members)[file_name],) if self.members else self.tables

    @property
    def models(self) -> str:
        """Folder of the dbt models that read this feed, in staging/, intermediate/, marts/ and tests/."""
        return self.subject or self.family

    def claims_name(self, name: str) -> bool:
        """Whether a file name alone belongs to this feed."""
        return any(pattern.search(name) for pattern in self._patterns)

    def key_of(self, path: PurePosixPath) -> str | None:
        """Return the partition key in the path of a file of this feed, or None if the path has none."""
        return self.partitioning.key_of(path, self.name)

    def problem_of(self, name: str, key: str | None, landed_at: datetime, earliest: str) -> PartitionProblem | None:
        """Return why a file cannot be loaded into the partition of its path, or None.

        Args:
            name: the file's name.
            key: the partition; None if its path has none.
            landed_at: when it landed, UTC.
            earliest: the first expected day, like `2015-01-01`.
        """
        if not self.partitioning.has_keys:
            return None
        if key is None:
            return PartitionProblem("missing_partition", self.partitioning.missing_reason(name, self.examples[0]))
        return self.partitioning.problem_of(key, landed_at, earliest)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.names)
