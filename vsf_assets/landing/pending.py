"""Classifies landed files as new, known, unknown or ambiguous, by a pure comparison of a listing with the ledger.

Here: the match of a listed file with ledger rows. Not here: listing the landing zone and reading the ledger.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from vsf_assets.common.visible_text import visible
from vsf_assets.feeds import all_feeds, source_folders
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.recognition import names_of, recognition_of
from vsf_assets.landing.multi_file_uploads import landing_times
from vsf_assets.storage.entry import Entry
from vsf_assets.warehouse.ledger import LedgerKey


@dataclass(frozen=True)
class Landed:
    """A recognized file in the landing zone.

    Attributes:
        entry: its state in the landing zone.
        feed, partition: recognized from its path.
        landed_at: its modified time; for a file of an upload, that of the newest file of the upload.
    """

    entry: Entry
    feed: Feed
    partition: str | None
    landed_at: datetime

    @property
    def key(self) -> LedgerKey:
        """The fields that identify the delivery without reading the file."""
        return (self.feed.name, self.partition, self.entry.name, self.entry.size, self.landed_at)

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Sort key of the landing order; the path decides between equal times and names."""
        return (self.landed_at, self.entry.name, self.entry.path)


MOST_LINES = 10
"""Maximum number of ambiguous files that a message names."""


@dataclass(frozen=True)
class Ambiguous:
    """A file whose name more than one feed claims and whose folder names no feed; it stays in the landing zone.

    Attributes:
        entry: its state in the landing zone.
        feeds: the feeds that claim it.
    """

    entry: Entry
    feeds: tuple[Feed, ...]

    @property
    def line(self) -> str:
        """A line for users: the file, its feeds and how to resolve the conflict."""
        return f"{visible(self.entry.path)}: {why_ambiguous(self.feeds, self.entry.name)}"


def ambiguous_lines(files: Sequence[Ambiguous]) -> list[str]:
    """Return a line for each of the first `MOST_LINES` ambiguous files, and one line with the number of the others."""
    more = len(files) - MOST_LINES
    shown = [file.line for file in files[:MOST_LINES]]
    return shown + ([f"{more} more files have names that more than one feed claims"] if more > 0 else [])


def why_ambiguous(feeds: tuple[Feed, ...], name: str) -> str:
    """Return why a file that more than one feed claims is not loaded, and how to resolve the conflict."""
    places = " or ".join(_place_of(feed, name) for feed in feeds)
    return f"its name is one of {names_of(feeds)}; put it into the folder of its feed: {places}"


def _place_of(feed: Feed, name: str) -> str:
    """Return the path at which a file belongs to one feed only, with a partition folder if its name lacks the key."""
    lacks_key = feed.partitioning.has_keys and feed.key_of(PurePosixPath(feed.name, name)) is None
    return "/".join([feed.name, *([feed.partitioning.noun.upper()] if lacks_key else []), visible(name)])


@dataclass(frozen=True)
class Queue:
    """The files of the landing zone, compared with the ledger.

    Attributes:
        new: files that are not in the ledger, in landing order.
        known: files that are in the ledger and still in the landing zone (after a crash, or VSF_AFTER_LOAD=keep).
        unknown: files that no feed recognizes; they stay in the landing zone.
        ambiguous: files that more than one feed claims; they stay too.
    """

    new: list[Landed]
    known: list[Landed]
    unknown: list[Entry]
    ambiguous: list[Ambiguous] = field(default_factory=list)


def classify_landed(entries: Iterable[Entry], ledger: Collection[LedgerKey], fetched: bool = False) -> Queue:
    """Compare a listing with the ledger's keys.

    Args:
        entries: the entries of a listing.
        ledger: the keys of all stored deliveries.
        fetched: whether the listing is of the inbox, which holds fetched files. In a listing of the landing zone,
            folders that are sources are skipped: they are read like a bucket, and no file in them is pending.
    """
    queue = Queue([], [], [])
    listed, feeds = list(entries), all_feeds()
    sources = () if fetched else tuple(f"{folder}/" for folder in source_folders())
    times = landing_times(listed)
    for entry in listed:
        if entry.path.startswith(sources):
            continue
        recognition = recognition_of(entry.path, feeds)
        feed, partition = recognition.feed, recognition.partition
        if recognition.rivals:
            queue.ambiguous.append(Ambiguous(entry, recognition.rivals))
            continue
        if feed is None or feed.is_fetched != fetched:
            queue.unknown.append(entry)
            continue
        landed = Landed(entry, feed, partition, times.get((feed.name, partition), entry.modified))
        (queue.known if landed.key in ledger else queue.new).append(landed)
    queue.new.sort(key=lambda item: item.order)
    return queue
