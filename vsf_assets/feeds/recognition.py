"""Recognizes feed and partition of a path in the landing zone, and checks that the declarations do not conflict.

Here: pure functions of a path and the declared feeds. Not here: the feeds (by_family/), and the handling of unknown
and ambiguous files (landing/pending.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds.feed import Feed

LONGEST_NAME = 200
"""Maximum bytes of a file name; the archive adds landing time and digest, and file systems allow 255."""


class DeclarationError(VsfError):
    """The declarations of feeds contradict themselves or each other."""


@dataclass(frozen=True)
class Recognition:
    """The result of recognizing a path.

    Attributes:
        feed: the feed of the file; None if no feed or more than one feed claims it.
        partition: its partition; None if the path has none.
        rivals: the feeds that claim the name, if there are several and no folder decides between them; else empty.
    """

    feed: Feed | None = None
    partition: str | None = None
    rivals: tuple[Feed, ...] = ()


UNKNOWN = Recognition()


def recognition_of(path: str, feeds: Mapping[str, Feed]) -> Recognition:
    """Recognize a path relative to the landing zone.

    A feed's folder anywhere in the path decides, else the file name. The folder of a fetched feed, or of a feed with
    uploads, must be the first one and has precedence, since senders name the entries below it. In the folder of an
    upload, only its members are recognized. If the feed of the folder has partitions and the path has none, the file
    name decides: `events/linedim.csv` could not be read as events. A name that two feeds claim is ambiguous. A name
    that the ledger or the archive cannot hold (not UTF-8, or too long) is unknown.
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
    """Return the feeds that claim a file name."""
    return tuple(feed for feed in feeds if feed.claims_name(name))


def _feed_of_folder(path: PurePosixPath, feeds: Mapping[str, Feed]) -> Feed | None:
    """Return the feed of the innermost folder with the name of a feed.

    Fetched feeds and feeds with uploads are left out: they count only as the first folder, which the caller handles.
    """
    candidates = [feeds.get(folder.lower()) for folder in path.parts[:-1]]
    return next((f for f in reversed(candidates) if f is not None and not f.is_fetched and not f.members), None)


def _can_be_kept(name: str) -> bool:
    try:
        return len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False


def by_name(feeds: Sequence[Feed]) -> dict[str, Feed]:
    """Return declared feeds by name, after a check that their declarations do not conflict.

    Raises:
        DeclarationError: a feed has no example, or one that it does not claim or that has no partition; another feed
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
    """Return the problems with the examples of a feed, a line each."""
    problems = []
    if not feed.examples:
        problems.append(f"{feed.name}: give examples of names that are its own")
    if feed.names and not feed.not_ours:
        problems.append(f"{feed.name}: give names in not_ours that look alike and are not its own")
    for example in feed.examples:
        why = _why_not_its_own(feed, recognition_of(example, feeds))
        problems += [f"{feed.name}: {why} example {example}"] if why else []
    for name in feed.not_ours:
        recognition = recognition_of(name, feeds)
        if recognition.feed is feed or feed in recognition.rivals:
            problems.append(f"{feed.name}: it claims {name}, which it declares as not its own")
    return problems


def _why_not_its_own(feed: Feed, recognition: Recognition) -> str | None:
    """Return why an example is not recognized as a file of its feed, or None."""
    if recognition.rivals:
        return f"{names_of(recognition.rivals)} claim its"
    if recognition.feed is None:
        return "it does not claim its own"
    if recognition.feed is not feed:
        return f"{recognition.feed.name} claims its"
    no_partition = recognition.partition is None and feed.partitioning.has_keys
    return f"it finds no {feed.partitioning.noun} in its" if no_partition else None


def names_of(feeds: Iterable[Feed]) -> str:
    """Return the names of feeds for a message, like `clicks and events`."""
    *others, last = [feed.name for feed in feeds]
    return f"{', '.join(others)} and {last}" if others else last
