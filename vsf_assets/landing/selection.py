"""The selection of a run: feeds, partitions, and which originals are read again.

Here: the frozen `Selection`. Not here: loading the selected files (ingest/session.py).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.landing.shares import Share


@dataclass(frozen=True)
class Selection:
    """The files that a run loads.

    Attributes:
        feeds: names of feeds.
        partitions: partition keys, or None for all; feeds with other kinds of partitions are not selected.
        first, last: bounds of a range of partitions, both included; None leaves that end open.
        profile: profile of the catalog source to scan; None for the one of the settings.
        scans: whether sources are scanned if fetched feeds are selected.
        reload: which archived files are read again. `changed`: those whose contract version changed; `all`: every
            selected one; `if_idle`: every selected one if no file is pending; `no`: none.
        share: the share of the landing zone that the run loads; None for all of it.
    """

    feeds: Collection[str]
    partitions: Collection[str] | None = None
    reload: str = "changed"
    first: str | None = None
    last: str | None = None
    profile: str | None = None
    scans: bool = True
    share: Share | None = None

    @property
    def fetches(self) -> bool:
        """Whether fetched feeds are selected, with any partition."""
        return any(all_feeds()[name].is_fetched for name in self.feeds)

    @property
    def scans_sources(self) -> bool:
        """Whether the run scans the source; a run of chosen partitions does not."""
        narrowed = self.partitions is not None or self.first is not None or self.last is not None
        return self.scans and self.fetches and not narrowed

    def selects_any(self, feeds: Iterable[Feed]) -> bool:
        """Whether one of these feeds is selected, with any partition."""
        return any(feed.name in self.feeds for feed in feeds)

    def holds(self, path: str) -> bool:
        """Whether a file of the landing zone belongs to the share of the run."""
        return self.share is None or self.share.holds(path)

    def selects(self, feed: str, partition: str | None) -> bool:
        """Whether a file of this feed and partition is selected."""
        if feed not in self.feeds or (self.partitions is not None and partition not in self.partitions):
            return False
        bounds = [bound for bound in (self.first, self.last) if bound is not None]
        if not bounds:
            return True
        partitioning = all_feeds()[feed].partitioning
        if partition is None or not partitioning.has_ranges or not all(map(partitioning.accepts, bounds)):
            return False
        return (self.first or partition) <= partition <= (self.last or partition)
