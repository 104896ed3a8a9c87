"""Classifies landed files: pending, known, unknown; a pure comparison of a listing with the ledger.

Here: the match of a listed file with ledger rows. Not here: reading either of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from vsf_assets.common.visible_text import visible
from vsf_assets.feeds import all_feeds, source_folders
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.recognition import names_of, recognition_of
from vsf_assets.landing.uploads import landing_times
from vsf_assets.storage.entry import Entry
from vsf_assets.warehouse.ledger import LedgerKey


@dataclass(frozen=True)
class Landed:
    """A recognized file in the landing zone.

    Attributes:
        entry: its state there.
        feed, partition: what its path tells.
        landed_at: its modified time; of an upload that of its newest file.
    """

    entry: Entry
    feed: Feed
    partition: str | None
    landed_at: datetime

    @property
    def key(self) -> LedgerKey:
        """What identifies the delivery without reading it."""
        return (self.feed.name, self.partition, self.entry.name, self.entry.size, self.landed_at)

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Landing order, with the path to settle equal times and names."""
        return (self.landed_at, self.entry.name, self.entry.path)


MOST_LINES = 10
"""Ambiguous files that a message names."""


@dataclass(frozen=True)
class Ambiguous:
    """A file whose name more than one feed claims and that no folder settles; it stays.

    Attributes:
        entry: its state in the landing zone.
        feeds: the feeds that claim it.
    """

    entry: Entry
    feeds: tuple[Feed, ...]

    @property
    def line(self) -> str:
        """The file, its feeds and what to do, for a person."""
        return f"{visible(self.entry.path)}: {why_ambiguous(self.feeds, self.entry.name)}"


def ambiguous_lines(files: Sequence[Ambiguous]) -> list[str]:
    """Return a line for each of the first files that more than one feed claims, and one for the others."""
    more = len(files) - MOST_LINES
    shown = [file.line for file in files[:MOST_LINES]]
    return shown + ([f"{more} more files have names that more than one feed claims"] if more > 0 else [])


def why_ambiguous(feeds: tuple[Feed, ...], name: str) -> str:
    """Return why a file is left alone whose name more than one feed claims, and what to do."""
    places = " or ".join(_place_of(feed, name) for feed in feeds)
    return f"its name is one of {names_of(feeds)}; put it into the folder of its feed: {places}"


def _place_of(feed: Feed, name: str) -> str:
    """Return where in the landing zone a file is a feed's beyond doubt, with a folder for what its name lacks."""
    lacks_key = feed.partitioning.has_keys and feed.key_of(PurePosixPath(feed.name, name)) is None
    return "/".join([feed.name, *([feed.partitioning.noun.upper()] if lacks_key else []), visible(name)])


@dataclass(frozen=True)
class Queue:
    """The landing zone against the ledger.

    Attributes:
        new: files the ledger does not know, in landing order.
        known: files the ledger knows that still lie there (a crash, or VSF_AFTER_LOAD=keep).
        unknown: files nobody recognizes; they stay.
        ambiguous: files that more than one feed claims; they stay too.
    """

    new: list[Landed]
    known: list[Landed]
    unknown: list[Entry]
    ambiguous: list[Ambiguous] = field(default_factory=list)


def classify_landed(entries: Iterable[Entry], ledger: Collection[LedgerKey], fetched: bool = False) -> Queue:
    """Compare a listing with the ledger's keys.

    Args:
        entries: what a listing shows.
        ledger: the keys of what was stored.
        fetched: whether it is a listing of the inbox, which holds what was fetched, and not of the landing zone,
            where the folder of a feed may be a source: it is read like a bucket and nothing in it waits.
    """
    queue = Queue([], [], [])
    listed, feeds = list(entries), all_feeds()
    sources = () if fetched else tuple(f"{folder}/" for folder in source_folders())
    times = landing_times(listed)
    for entry in listed:
        if entry.path.startswith(sources):
            continue
        found = recognition_of(entry.path, feeds)
        feed, partition = found.feed, found.partition
        if found.rivals:
            queue.ambiguous.append(Ambiguous(entry, found.rivals))
            continue
        if feed is None or feed.is_fetched != fetched:
            queue.unknown.append(entry)
            continue
        landed = Landed(entry, feed, partition, times.get((feed.name, partition), entry.modified))
        (queue.known if landed.key in ledger else queue.new).append(landed)
    queue.new.sort(key=lambda item: item.order)
    return queue
