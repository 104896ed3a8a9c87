"""Plans where a file that somebody sends belongs in the landing zone, from its name and what the sender says of it.

Here: which names are refused, and the feed, the partition and the path of a file; pure functions. Every error says what
to do or to add. Not here: paths of files on this machine, whose folders count too (cli/land.py).
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from vsf_assets.common.errors import VsfError
from vsf_assets.common.visible_text import quoted, visible
from vsf_assets.feeds import all_feeds, feeds_of_name, no_such_feed, recognize
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.recognition import LONGEST_NAME, names_of
from vsf_assets.storage.ignored_names import DONE_SUFFIX, why_ignored

_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
"""Names that mean a device on Windows, where a file of this name could not be opened again."""

_DRIVE = re.compile(r"[A-Za-z]:")


class UnplacedFileError(VsfError):
    """A file cannot be placed in the landing zone; the message says what to do.

    Attributes:
        missing: what the sender must add: `feed`, `partition`, or empty if the name or a value is wrong.
        choices: the values from which to choose; empty if any fits.
        feed: the feed that is known already, if the partition is missing.
    """

    def __init__(self, message: str, missing: str = "", choices: tuple[str, ...] = (), feed: str = ""):
        super().__init__(message)
        self.missing, self.choices, self.feed = missing, choices, feed


@dataclass(frozen=True)
class PlacedFile:
    """Feed, partition (empty without one) and path in the landing zone of a file."""

    feed: str
    partition: str
    path: str


def deliverable_feeds() -> tuple[str, ...]:
    """Return the names of the feeds whose files people send."""
    feeds = all_feeds().values()
    return tuple(feed.name for feed in feeds if not feed.is_written_by_platform and not feed.is_fetched)


def check_file_name(name: str) -> None:
    """Check that a name can be the name of a delivered file.

    Raises:
        UnplacedFileError: it cannot; the message says why, and shows no invisible character.
    """
    why = _why_unfit(name)
    if why is not None:
        raise UnplacedFileError(f"the file name {quoted(name)} is refused: {why}")


def _why_unfit(name: str) -> str | None:
    why = _why_no_name(name)
    if why is not None:
        return why
    if _DEVICE.fullmatch(name):
        return "it is the name of a device on Windows; rename the file"
    ignored = why_ignored(name)
    if ignored is not None:
        return f"{ignored.reason}, which are never loaded; rename the file"
    if name.lower().endswith(DONE_SUFFIX):
        return f"names that end in {DONE_SUFFIX} mark another file as whole; send that file, it needs no marker"
    return None


def _why_no_name(name: str) -> str | None:
    if not name.strip():
        return "it is empty; give the file a name"
    if "/" in name or "\\" in name or _DRIVE.match(name) or name in (".", ".."):
        return "it names a folder; send the name of the file alone"
    if visible(name) != name:
        return "it has invisible or control characters; rename the file"
    if len(name.encode()) > LONGEST_NAME:
        return f"it has {len(name.encode())} bytes, and at most {LONGEST_NAME} can be kept; shorten it"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space or ends with a dot; rename the file"
    return None


def place_file(name: str, feed: str = "", partition: str = "", landing_name: str = "") -> PlacedFile:
    """Return where a file belongs.

    Args:
        name: the file's name, as its sender has it.
        feed: its feed; empty if the name tells it.
        partition: its partition; empty if the name tells it.
        landing_name: its name in the landing zone, if that is another one: of the files of a dataset.

    Raises:
        UnplacedFileError: the name is refused, or feed or partition are missing or wrong.
    """
    check_file_name(name)
    if landing_name:
        check_file_name(landing_name)
    kept = landing_name or name
    chosen = _feed_of(kept, feed)
    key = _partition_of(chosen, kept, partition)
    placed = PlacedFile(chosen.name, key, "/".join(part for part in (chosen.name, key, kept) if part))
    _check(placed)
    return placed


def _feed_of(name: str, given: str) -> Feed:
    if given:
        feed = all_feeds().get(given)
        if feed is None:
            raise UnplacedFileError(no_such_feed(given), "feed", deliverable_feeds())
        if feed.name not in deliverable_feeds():
            raise UnplacedFileError(
                f"files of {feed.name} are not delivered: the platform fetches or writes them itself",
                "feed",
                deliverable_feeds(),
            )
        return feed
    claiming = tuple(feed for feed in feeds_of_name(name) if feed.name in deliverable_feeds())
    if len(claiming) == 1:
        return claiming[0]
    if claiming:
        choices = tuple(feed.name for feed in claiming)
        raise UnplacedFileError(
            f"{quoted(name)} can be of {names_of(claiming)}; say which feed it is of", "feed", choices
        )
    raise UnplacedFileError(
        f"the name {quoted(name)} tells no feed; say which feed the file is of: {', '.join(deliverable_feeds())}",
        "feed",
        deliverable_feeds(),
    )


def _partition_of(feed: Feed, name: str, given: str) -> str:
    """Return the partition of a file, empty for a feed without partitions."""
    partitioning = feed.partitioning
    in_name = feed.key_of(PurePosixPath(name))
    if not partitioning.has_keys:
        if given:
            raise UnplacedFileError(f"{feed.name} has no partitions; leave the partition out")
        return ""
    if feed.members and name not in dict(feed.members):
        members = ", ".join(member for member, _ in feed.members)
        raise UnplacedFileError(f"{quoted(name)} is not a file of {feed.name}; its files are {members}")
    if given and not partitioning.accepts(given):
        raise UnplacedFileError(
            f"{quoted(given)} is no {partitioning.noun} of {feed.name}; write it {partitioning.choices}",
            "partition",
            partitioning.keys,
            feed.name,
        )
    if given and partitioning.name_decides and in_name not in (None, given):
        raise UnplacedFileError(
            f"the name {quoted(name)} says the {partitioning.noun} {in_name}, not {given}; leave the partition out, or"
            " rename the file"
        )
    key = given or in_name
    if key is None:
        raise UnplacedFileError(
            f"the name {quoted(name)} does not tell the {partitioning.noun}; add it: {partitioning.choices}",
            "partition",
            partitioning.keys,
            feed.name,
        )
    return key


def _check(placed: PlacedFile) -> None:
    """Check that the landing zone will recognize the file as what it was planned to be."""
    for part in PurePosixPath(placed.path).parts:
        ignored = why_ignored(part)
        if ignored is not None:
            raise UnplacedFileError(
                f"{visible(placed.path)} would never be loaded: {ignored.reason}; choose another name"
            )
    recognized = recognize(placed.path)
    found = (recognized[0].name, recognized[1] or "") if recognized else ("", "")
    if found != (placed.feed, placed.partition):
        raise UnplacedFileError(
            f"{visible(placed.path)} would be read as {' '.join(filter(None, found)) or 'nothing known'}; rename it"
        )
