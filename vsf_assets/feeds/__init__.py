"""What lands where and how it is read: one short declaration per feed.

A family is a module of `by_family/` with a tuple `FEEDS`; modules are found by themselves. Declarations load in
milliseconds: they name their contracts and do not import them.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath

from vsf_assets.feeds.feed import Feed

LONGEST_NAME = 200
"""Bytes of a file name; the archive puts the landing time and a digest in front, file systems take 255."""


@cache
def all_feeds() -> dict[str, Feed]:
    """Return every feed by name, in the order of families and declarations."""
    declarations = importlib.import_module(f"{__name__}.by_family")
    modules = sorted(m.name for m in pkgutil.iter_modules(declarations.__path__))
    declared = [importlib.import_module(f"{declarations.__name__}.{module}").FEEDS for module in modules]
    return {feed.name: feed for feeds in declared for feed in feeds}


def families() -> dict[str, tuple[Feed, ...]]:
    """Return the feeds of each family; a family is what one ingest run handles together."""
    names = dict.fromkeys(feed.family for feed in all_feeds().values())
    return {n: tuple(f for f in all_feeds().values() if f.family == n) for n in names}


def with_companions(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of feeds, and of those that are fetched together with them."""
    chosen = dict.fromkeys(names)
    families_fetched = {all_feeds()[name].family for name in chosen if all_feeds()[name].is_fetched}
    companions = (f.name for f in all_feeds().values() if f.is_fetched and f.family in families_fetched)
    return tuple(dict.fromkeys((*chosen, *companions)))


def recognize(path: str) -> tuple[Feed, str | None] | None:
    """Return the feed and partition of a path relative to the landing zone, or None if unknown.

    A feed's folder anywhere in the path decides, else the file name. The folder of a feed that is fetched, or of
    uploads, must be the first one, and wins, since what lies in it is named by strangers; of an upload only its
    members count. Where the folder's feed has partitions and the path tells none of them, the name decides too:
    `events/linedim.csv` could not be read as events. A name that the ledger or the archive could not hold (not
    UTF-8, or too long) is unknown.
    """
    parts = PurePosixPath(path)
    if not _can_be_kept(parts.name):
        return None
    feeds = all_feeds()
    first = feeds.get(parts.parts[0]) if len(parts.parts) > 1 else None
    if first is not None and first.is_fetched:
        return first, first.partitioning.key_of(first.name, parts)
    if first is not None and first.members:
        dataset = first.partitioning.key_of(first.name, parts)
        return (first, dataset) if dataset is not None and parts.name in dict(first.members) else None
    folders = [feeds.get(p.lower()) for p in parts.parts[:-1]]
    by_folder = [feed for feed in folders if feed is not None and not feed.is_fetched and not feed.members]
    named = feed_of_name(parts.name)
    feed = by_folder[-1] if by_folder else named
    if feed is None:
        return None
    key = feed.partitioning.key_of(feed.name, parts)
    if key is None and feed.partitioning.kind != "none" and named is not None and named != feed:
        return named, named.partitioning.key_of(named.name, parts)
    return feed, key


def feed_of_name(name: str) -> Feed | None:
    """Return the feed that a file name alone tells, or None."""
    return next((feed for feed in all_feeds().values() if feed.claims_name(name)), None)


def _can_be_kept(name: str) -> bool:
    try:
        return len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False
