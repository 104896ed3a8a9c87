"""The selection of a run: feeds, partitions, and which originals are read again.

Here: the frozen `Selection`. Not here: acting on it (ingest/session.py).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed


@dataclass(frozen=True)
class Selection:
    """Which files a run is asked for.

    Attributes:
        feeds: names of feeds.
        partitions: partition keys, or None for all; feeds with other partitions are left alone.
        first, last: bounds of a range of partitions, both included; None leaves an end open.
        profile: the catalog source to look at; None for the one of the settings.
        scans: whether sources are looked at, where feeds are chosen that are fetched.
        reload: `changed` reads archived files again whose contract changed, `all` every selected
            one, `if_idle` every selected one when nothing is pending, `no` none.
    """

    feeds: Collection[str]
    partitions: Collection[str] | None = None
    reload: str = "changed"
    first: str | None = None
    last: str | None = None
    profile: str | None = None
    scans: bool = True

    @property
    def fetches(self) -> bool:
        """Whether feeds are asked for that are fetched, of any partition."""
        return any(all_feeds()[name].is_fetched for name in self.feeds)

    @property
    def scans_sources(self) -> bool:
        """Whether a foreign source is to be looked at: not where a run asks for partitions."""
        narrowed = self.partitions is not None or self.first is not None or self.last is not None
        return self.scans and self.fetches and not narrowed

    def selects_any(self, feeds: Iterable[Feed]) -> bool:
        """Whether one of some feeds is asked for, of any partition."""
        return any(feed.name in self.feeds for feed in feeds)

    def selects(self, feed: str, partition: str | None) -> bool:
        """Whether a file of this feed and partition is asked for."""
        if feed not in self.feeds or (self.partitions is not None and partition not in self.partitions):
            return False
        bounds = [bound for bound in (self.first, self.last) if bound is not None]
        if not bounds:
            return True
        partitioning = all_feeds()[feed].partitioning
        if partition is None or not partitioning.has_ranges or not all(map(partitioning.accepts, bounds)):
            return False
        return (self.first or partition) <= partition <= (self.last or partition)
