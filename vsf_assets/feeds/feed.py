"""The `Feed` declaration: one kind of incoming file.

Here: what a declaration says. Not here: how files are written (reading.py) and cut into partitions (partitioning.py),
and the contracts (contracts/, named by table so that declarations load without pandera).
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from vsf_assets.feeds.partitioning import UNPARTITIONED, Partitioning
from vsf_assets.feeds.reading import CSV, Reading


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
    reading: Reading = CSV
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
