"""Which feed and partition a path in the landing zone tells, and whether the declarations agree on it.

Here: pure functions of a path and the declared feeds. Not here: the feeds themselves (by_family/), and what becomes of
a file that nobody or more than one feed claims (landing/pending.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds.feed import Feed

LONGEST_NAME = 200
"""Bytes of a file name; the archive puts the landing time and a digest in front, file systems take 255."""


class DeclarationError(VsfError):
    """The declarations of feeds contradict themselves or each other."""


@dataclass(frozen=True)
class Recognition:
    """What a path tells.

    Attributes:
        feed: whose file it is; None where nobody claims it, or more than one feed does.
        partition: its partition; None where the path tells none.
        rivals: the feeds that claim the name of a file which no folder settles; empty where there are not two.
    """

    feed: Feed | None = None
    partition: str | None = None
    rivals: tuple[Feed, ...] = ()


UNKNOWN = Recognition()


def recognition_of(path: str, feeds: Mapping[str, Feed]) -> Recognition:
    """Return what a path relative to the landing zone tells.

    A feed's folder anywhere in the path decides, else the file name. The folder of a feed that is fetched, or of
    uploads, must be the first one, and wins, since what lies in it is named by strangers; of an upload only its
    members count. Where the folder's feed has partitions and the path tells none of them, the name decides too:
    `events/linedim.csv` could not be read as events. A name that two feeds claim decides nothing. A name that the
    ledger or the archive could not hold (not UTF-8, or too long) is unknown.
    """
    parts = PurePosixPath(path)
    if not _can_be_kept(parts.name):
        return UNKNOWN
    first = feeds.get(parts.parts[0]) if len(parts.parts) > 1 else None
    if first is not None and first.is_fetched:
        return Recognition(first, first.key_of(parts))
    if first is not None and first.members:
        partition = first.key_of(parts)
        is_member = partition is not None and parts.name in dict(first.members)
        return Recognition(first, partition) if is_member else UNKNOWN
    by_folder = _feed_of_folder(parts, feeds)
    key = by_folder.key_of(parts) if by_folder is not None else None
    if by_folder is not None and (key is not None or not by_folder.partitioning.has_keys):
        return Recognition(by_folder, key)
    claiming = feeds_claiming(parts.name, feeds.values())
    if len(claiming) == 1:
        return Recognition(claiming[0], claiming[0].key_of(parts))
    return Recognition(by_folder) if by_folder is not None else Recognition(rivals=claiming)


def feeds_claiming(name: str, feeds: Iterable[Feed]) -> tuple[Feed, ...]:
    """Return the feeds that a file name alone tells."""
    return tuple(feed for feed in feeds if feed.claims_name(name))


def _feed_of_folder(path: PurePosixPath, feeds: Mapping[str, Feed]) -> Feed | None:
    """Return the feed of the innermost folder that is one's; one that is fetched or of uploads needs the first folder.

    Where it is the first folder, it was handled before.
    """
    found = [feeds.get(folder.lower()) for folder in path.parts[:-1]]
    return next((f for f in reversed(found) if f is not None and not f.is_fetched and not f.members), None)


def _can_be_kept(name: str) -> bool:
    try:
        return len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False


def by_name(feeds: Sequence[Feed]) -> dict[str, Feed]:
    """Return declared feeds by name, once they agree on whose file is whose.

    Raises:
        DeclarationError: a feed declares no example, or one that is not its own or tells no partition; another feed
            claims an example; a feed claims a name of its `not_ours`; or two feeds have one name.
    """
    named = {feed.name: feed for feed in feeds}
    problems = [f"{feed.name}: another feed has this name" for feed in feeds if named[feed.name] is not feed]
    for feed in named.values():
        problems += _problems_of(feed, named)
    if problems:
        raise DeclarationError("the declarations in vsf_assets/feeds contradict each other: " + "; ".join(problems))
    return named


def _problems_of(feed: Feed, feeds: Mapping[str, Feed]) -> list[str]:
    """Return what is wrong with the examples of a feed, a line each."""
    problems = []
    if not feed.examples:
        problems.append(f"{feed.name}: give examples of names that are its own")
    if feed.names and not feed.not_ours:
        problems.append(f"{feed.name}: give names in not_ours that look alike and are not its own")
    for example in feed.examples:
        why = _why_not_its_own(feed, recognition_of(example, feeds))
        problems += [f"{feed.name}: {why} example {example}"] if why else []
    for name in feed.not_ours:
        found = recognition_of(name, feeds)
        if found.feed is feed or feed in found.rivals:
            problems.append(f"{feed.name}: it claims {name}, which it declares as not its own")
    return problems


def _why_not_its_own(feed: Feed, found: Recognition) -> str | None:
    """Return what somebody wrongly does with an example of a feed, or None."""
    if found.rivals:
        return f"{names_of(found.rivals)} claim its"
    if found.feed is None:
        return "it does not claim its own"
    if found.feed is not feed:
        return f"{found.feed.name} claims its"
    no_partition = found.partition is None and feed.partitioning.has_keys
    return f"it finds no {feed.partitioning.noun} in its" if no_partition else None


def names_of(feeds: Iterable[Feed]) -> str:
    """Return the names of feeds for a message, like `clicks and events`."""
    *others, last = [feed.name for feed in feeds]
    return f"{', '.join(others)} and {last}" if others else last
