"""The declarations of all feeds: names, partitions, reading and contracts, one short declaration per feed.

Here: the lists of feeds and families, and the recognition of a path. A family is a module of `by_family/` with a tuple
`FEEDS`; every module there is loaded. Declarations load in milliseconds: they name their contracts and do not import
them. Loading fails if two feeds claim one example. Not here: contracts (contracts/) and readers (readers/).
"""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.recognition import by_name, feeds_claiming, recognition_of


@cache
def all_feeds() -> dict[str, Feed]:
    """Return every feed by name, in the order of families and declarations.

    Raises:
        DeclarationError: the declarations contradict each other.
    """
    declarations = importlib.import_module(f"{__name__}.by_family")
    modules = sorted(m.name for m in pkgutil.iter_modules(declarations.__path__))
    declared = [importlib.import_module(f"{declarations.__name__}.{module}").FEEDS for module in modules]
    return by_name([feed for feeds in declared for feed in feeds])


def feeds_for_people() -> str:
    """Return the names of the feeds that people deliver, for messages; those that the platform writes are omitted."""
    return ", ".join(name for name, feed in all_feeds().items() if not feed.is_written_by_platform)


def no_such_feed(name: str) -> str:
    """Return the message about an unknown feed, with the feed that was probably meant."""
    return f"there is no feed {name!r}; feeds: {feeds_for_people()}{did_you_mean(name, all_feeds())}"


def families() -> dict[str, tuple[Feed, ...]]:
    """Return the feeds of each family, which one ingest job loads together."""
    names = dict.fromkeys(feed.family for feed in all_feeds().values())
    return {n: tuple(f for f in all_feeds().values() if f.family == n) for n in names}


def with_companions(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of feeds, and of the feeds that are fetched together with them."""
    chosen = dict.fromkeys(names)
    families_fetched = {all_feeds()[name].family for name in chosen if all_feeds()[name].is_fetched}
    companions = (f.name for f in all_feeds().values() if f.is_fetched and f.family in families_fetched)
    return tuple(dict.fromkeys((*chosen, *companions)))


def recognize(path: str) -> tuple[Feed, str | None] | None:
    """Return the feed and partition of a path relative to the landing zone, or None if unknown or ambiguous.

    The rules are those of `recognition.recognition_of`.
    """
    recognition = recognition_of(path, all_feeds())
    return (recognition.feed, recognition.partition) if recognition.feed is not None else None


def feeds_of_name(name: str) -> tuple[Feed, ...]:
    """Return the feeds that claim a file name: none, one, or several if it is ambiguous."""
    return feeds_claiming(name, all_feeds().values())


@cache
def source_folders() -> frozenset[str]:
    """Return the folders of the landing zone that are sources, which are read like buckets."""
    return frozenset(feed.name for feed in all_feeds().values() if feed.is_source_folder)
