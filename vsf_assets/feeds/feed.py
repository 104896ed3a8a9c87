"""The `Feed` declaration: one kind of incoming file.

Here: what a declaration says. Not here: how files are written (reading.py) and cut into partitions (partitioning.py),
which feed a path is of (recognition.py), and the contracts (contracts/, named by table so that declarations load
without pandera).
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
        description: what a file holds, for the UI and the docs.
        tables: names of the contracts its rows go to.
        examples: names, or paths in the landing zone, of files that are this feed's own and tell their partition. The
            first one stands in messages.
        not_ours: names that look alike and are of another feed, or of nobody.
        reading: how a file is written.
        partitioning: how deliveries are cut into partitions.
        names: patterns (regular expressions, matched anywhere, case ignored) of file names; where there are none, only
            the feed's folder tells its files.
        keeps: `content` where the same bytes count once (event-like), `state` where every
            delivery is a state of its own (state-like).
        owner: who is asked about it.
        late_after_hours: hours without a delivery after which the feed is late; 0 where none is expected.
        takes_effect_by_name: whether a delivery takes effect on the date its name begins with, else on
            the day it lands.
        subject: folder of the dbt models that read it, where that is not the family's name.
        members: (file name, table) of the files that arrive together in a partition's folder and are one delivery,
            an upload; empty where each file is one.
        reader: function of a room of the family's own that reads its files, like `package.module:function`; empty
            where a reader of readers/ does.
        is_fetched: whether its files are fetched from a foreign source into the inbox; in the landing zone none is its.
        is_source_folder: whether its folder in the landing zone is a source that is read like a bucket; nothing in it
            waits, and it may be a link.
        has_source_encoding: whether its files are in the encoding of the source that their partition names; else UTF-8.
        is_always_archived: whether its originals go to the archive whatever VSF_AFTER_LOAD says, since nobody else
            has them.
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
    keeps: Literal["content", "state"] = "content"
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

    def tables_of(self, file_name: str) -> tuple[str, ...]:
        """Return the tables that a file's rows go to: of an upload's member its own one."""
        return (dict(self.members)[file_name],) if self.members else self.tables

    @property
    def models(self) -> str:
        """Folder of the dbt models that read this feed, in staging/, intermediate/, marts/ and tests/."""
        return self.subject or self.family

    def claims_name(self, name: str) -> bool:
        """Whether a file name alone marks a file of this feed."""
        return any(pattern.search(name) for pattern in self._patterns)

    def key_of(self, path: PurePosixPath) -> str | None:
        """Return the partition that a path of a file of this feed tells, or None where it tells none."""
        return self.partitioning.key_of(path, self.name)

    def problem_of(self, name: str, key: str | None, landed_at: datetime, earliest: str) -> PartitionProblem | None:
        """Return why a file cannot be loaded into the partition that its path tells, or None.

        Args:
            name: the file's name.
            key: the partition; None where its path tells none.
            landed_at: when it landed, UTC.
            earliest: the first day that is expected, like `2015-01-01`.
        """
        if not self.partitioning.has_keys:
            return None
        if key is None:
            return PartitionProblem("missing_partition", self.partitioning.missing_reason(name, self.examples[0]))
        return self.partitioning.problem_of(key, landed_at, earliest)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.names)
