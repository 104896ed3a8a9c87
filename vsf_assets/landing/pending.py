"""Classifies landed files: pending, known, unknown; a pure comparison of a listing with the ledger.

Here: the match of a listed file with ledger rows. Not here: reading either of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from vsf_assets.feeds import recognize
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.feeds.feed import Feed
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


@dataclass(frozen=True)
class Queue:
    """The landing zone against the ledger.

    Attributes:
        new: files the ledger does not know, in landing order.
        known: files the ledger knows that still lie there (a crash, or VSF_AFTER_LOAD=keep).
        unknown: files nobody recognizes; they stay.
    """

    new: list[Landed]
    known: list[Landed]
    unknown: list[Entry]


def classify_landed(entries: Iterable[Entry], ledger: Collection[LedgerKey], fetched: bool = False) -> Queue:
    """Compare a listing with the ledger's keys.

    Args:
        entries: what a listing shows.
        ledger: the keys of what was stored.
        fetched: whether it is a listing of the inbox, which holds what was fetched, and not of the landing zone,
            where the folder `catalog` is a source: it is read by looks and nothing in it waits.
    """
    queue = Queue([], [], [])
    listed = list(entries)
    times = landing_times(listed)
    for entry in listed:
        recognized = recognize(entry.path)
        if not fetched and entry.path.startswith(f"{OBJECTS}/"):
            continue
        if recognized is None or recognized[0].is_fetched != fetched:
            queue.unknown.append(entry)
            continue
        feed, partition = recognized
        landed = Landed(entry, feed, partition, times.get((feed.name, partition), entry.modified))
        (queue.known if landed.key in ledger else queue.new).append(landed)
    queue.new.sort(key=lambda item: item.order)
    return queue
