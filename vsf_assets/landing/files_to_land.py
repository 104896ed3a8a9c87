"""Chooses the files that `vsf land` copies: named files, and those of folders.

Here: which files of the named paths are landed, which are skipped and why, and what refuses all of them. Not here:
where each goes (cli/land.py). Named files must be deliveries; a folder may hold what nobody means, as folders do.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vsf_assets.common.errors import UsageError
from vsf_assets.common.regular_files import NotRegularError, open_regular, status_of
from vsf_assets.common.visible_text import visible
from vsf_assets.feeds import all_feeds, feeds_of_name, recognize, source_folders
from vsf_assets.feeds.feed import Feed
from vsf_assets.storage.folder_listing import list_folder, unreadable
from vsf_assets.storage.ignored_names import DONE_SUFFIX, why_ignored
from vsf_assets.storage.listing import LeftOut

NO_FEED = "the name tells no feed"


@dataclass(frozen=True)
class SourceFile:
    """A file to land.

    Attributes:
        path: where it is.
        hint: its path with the folder that was named, from which feed and partition may follow.
        upload: the feed of an upload, where its folder holds exactly the files of one; else None.
    """

    path: Path
    hint: PurePosixPath
    upload: Feed | None = None


@dataclass
class FilesToLand:
    """What was found.

    Attributes:
        files: the files to land.
        skipped: a line for each entry of a folder that is none.
    """

    files: list[SourceFile] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def find_sources(paths: Iterable[str], feed: Feed | None) -> FilesToLand:
    """Return the files of named files and folders.

    Args:
        paths: as they were given.
        feed: the feed that was named, or None.

    Raises:
        UsageError: a named file is no delivery, something cannot be read, or there is nothing to land.
    """
    found = FilesToLand()
    for given in map(Path, paths):
        if _is_folder(given):
            _add_folder(found, given, feed)
        else:
            _refuse_what_is_none(given)
            found.files.append(SourceFile(given, PurePosixPath(given.parent.name, given.name)))
    return found


def folder_name(path: Path) -> str:
    """Return the name of the folder that a file lies in, also where the path does not spell it (`.`, `..`)."""
    return Path(os.path.abspath(path)).parent.name  # noqa: PTH100 - links keep the names that were given


def refuse_unlisted(path: Path, target: str) -> None:
    """Refuse a place in the landing zone that no listing would show, as of a dataset that is called `old.bak`.

    Raises:
        UsageError: a name on the way to it is none of a delivery.
    """
    for name in PurePosixPath(target).parts:
        why = why_ignored(name)
        if why is not None:
            raise UsageError(f"{path} as {target} would never be loaded: {why.reason}; give another name")


def check_readable(paths: Sequence[Path]) -> None:
    """Open each file once, so that none is landed where another one cannot be.

    Raises:
        UsageError: one cannot be read.
    """
    for path in paths:
        try:
            open_regular(path).close()
        except OSError as error:
            raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> UsageError:
    why = unreadable(path.name, error)
    reason = str(error.strerror) if isinstance(error, NotRegularError) else why.reason
    advice = "land files" if isinstance(error, NotRegularError) else why.advice
    return UsageError(f"{visible(str(path))}: {reason}; {advice}. Nothing was landed")


def _is_folder(given: Path) -> bool:
    try:
        status_of(given)
    except NotRegularError as error:
        if error.kind == "folder":
            return True
        raise _refusal(given, error) from None
    except FileNotFoundError:
        if given.is_symlink():
            raise UsageError(f"{given} is a link to something that is not there. Nothing was landed") from None
        feeds = ", ".join(all_feeds())
        raise UsageError(f"{given}: there is no such file or folder, nor a feed (feeds: {feeds})") from None
    except OSError as error:
        raise _refusal(given, error) from None
    return False


def _refuse_what_is_none(given: Path) -> None:
    """Refuse a named file that the landing zone would never show.

    Raises:
        UsageError: its name says that it is no delivery.
    """
    why = why_ignored(given.name)
    if why is not None:
        raise UsageError(f"{given} would never be loaded: {why.reason}; {why.advice}. Nothing was landed")
    if given.name.lower().endswith(DONE_SUFFIX):
        raise UsageError(
            f"{given} would never be loaded: names that end in {DONE_SUFFIX} mark another file as whole; land that"
            " file, it needs no marker. Nothing was landed"
        )


def _add_folder(found: FilesToLand, given: Path, feed: Feed | None) -> None:
    """Add what a folder holds.

    Raises:
        UsageError: something in it cannot be read, or nothing in it can be landed.
    """
    try:
        listing = list_folder(given)
    except OSError as error:
        raise _refusal(given, error) from None
    for left_out in listing.left_out:
        if left_out.is_error:
            raise UsageError(
                f"{visible(str(given / left_out.path))}: {left_out.reason}; {left_out.advice}. Nothing was landed"
            )
    files = [SourceFile(given / e.path, PurePosixPath(_own_name(given), e.path)) for e in listing.entries]
    landable, unknown = list[SourceFile](), list[SourceFile]()
    for file in _with_uploads(files):
        (landable if _is_meant(file, feed) else unknown).append(file)
    if not landable:
        raise UsageError(_nothing_in(given, unknown, listing.left_out, feed))
    found.files += landable
    found.skipped += [_skipped(given, left_out) for left_out in listing.left_out]
    found.skipped += [
        f"{visible(str(file.path))}: {NO_FEED}; to land it, say which: vsf land FEED PATH" for file in unknown
    ]


def _own_name(given: Path) -> str:
    return Path(os.path.abspath(given)).name  # noqa: PTH100 - as folder_name


def _skipped(given: Path, left_out: LeftOut) -> str:
    return f"{visible(str(given / left_out.path))}: {left_out.reason}"


def _with_uploads(files: list[SourceFile]) -> list[SourceFile]:
    """Return the files; those of folders that hold exactly the files of an upload as such."""
    by_folder: dict[Path, set[str]] = {}
    for file in files:
        by_folder.setdefault(file.path.parent, set()).add(file.path.name)
    uploads = {frozenset(name for name, _ in feed.members): feed for feed in all_feeds().values() if feed.members}
    return [SourceFile(f.path, f.hint, uploads.get(frozenset(by_folder[f.path.parent]))) for f in files]


def _is_meant(file: SourceFile, feed: Feed | None) -> bool:
    """Whether a file of a folder is landed: where a feed is named every one is, else those that a feed claims.

    One that two feeds claim is meant too, and cli/land.py refuses it: what is a delivery must not be skipped.
    """
    if feed is not None or file.upload is not None or source_folders().intersection(file.hint.parts[:-1]):
        return True
    return recognize(str(file.hint)) is not None or bool(feeds_of_name(file.path.name))


def _nothing_in(given: Path, unknown: Sequence[SourceFile], left_out: Sequence[LeftOut], feed: Feed | None) -> str:
    """Say why nothing in a folder can be landed, and what can be done."""
    if not unknown and not left_out:
        return f"{given} holds no files"
    reasons = [_skipped(given, entry) for entry in left_out]
    reasons += [f"{visible(str(file.path))}: {NO_FEED}" for file in unknown]
    more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
    advice = f"; {_advice(given, unknown)}" if unknown and feed is None else ""
    return f"{given} holds nothing that can be landed ({'; '.join(reasons[:5])}{more}){advice}. Nothing was landed"


def _advice(given: Path, unknown: Sequence[SourceFile]) -> str:
    """Say how files can be landed whose names tell no feed."""
    for feed in all_feeds().values():
        members = [visible(str(file.path)) for file in unknown if file.path.name in dict(feed.members)]
        if members:
            return f"if they are of one of the {feed.name}: vsf land {feed.name} {' '.join(members)}"
    return f"say which feed its files are of: vsf land FEED {given} (feeds: {', '.join(all_feeds())})"
