"""The types `InputFile`, a file to read, and `ReadResult`, its rows and counts.

Here: the two types that the ledger, uploads and ingest share. Not here: reading (ingest/read_file.py) and storing
(ledger.py).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.feeds.feed import Feed
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class InputFile:
    """A file to read.

    Attributes:
        store: the store with the file: the landing zone, or the archive for a file that is read again.
        entry: its state in the store.
        feed: its feed.
        partition: its partition, or None.
        name: its name as it landed.
        landed_at: modified time in the landing zone.
        known_sha256: the ledger's digest, for a file that is read again.
        replaces: id of the ledger row that this file replaces, if its content changed since then.
        is_changed: whether it was written to after it was first loaded.
    """

    store: Store
    entry: Entry
    feed: Feed
    partition: str | None
    name: str
    landed_at: datetime
    known_sha256: str | None = None
    replaces: int | None = None
    is_changed: bool = False


@dataclass
class ReadResult:
    """The result of reading one file.

    Attributes:
        input_file: the file.
        sha256: digest of the bytes as landed.
        size: number of these bytes.
        readable: whether the file as a whole could be read.
        lines_read, rows_loaded, rows_quarantined, rows_blank, rows_skipped: record counts.
        parts: table (`raw.findings` too) -> Parquet files with its rows.
        held: table -> frame with its rows; used instead of `parts` for few rows.
    """

    input_file: InputFile
    sha256: str = ""
    size: int = 0
    readable: bool = True
    lines_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_blank: int = 0
    rows_skipped: int = 0
    parts: dict[str, list[Path]] = field(default_factory=dict)
    held: "dict[str, pl.DataFrame]" = field(default_factory=dict)

    @property
    def file_id(self) -> int:
        """The id of the delivery: 63 bits of the MD5 of feed, partition, landing time, name and content digest."""
        input_file = self.input_file
        identity = (
            input_file.feed.name,
            input_file.partition or "",
            input_file.landed_at.isoformat(),
            input_file.name,
            self.sha256,
        )
        digest = hashlib.md5("|".join(identity).encode(), usedforsecurity=False).digest()
        return int.from_bytes(digest[:8], "big") >> 1
