"""Chooses the files that `vsf land` copies: named files, and the files of named folders.

Here: which files are landed, which are skipped and why, and which errors refuse the whole command. Not here: the
target of each file (cli/land.py). A named file must be a delivery; other files of a named folder are skipped.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vsf_assets.common.errors import UsageError
from vsf_assets.common.regular_files import NotRegularError, open_regular, status_of
from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.common.visible_text import visible
from vsf_assets.feeds import all_feeds, feeds_for_people, feeds_of_name, recognize, source_folders
from vsf_assets.feeds.feed import Feed
from vsf_assets.storage.folder_listing import list_folder, unreadable
from vsf_assets.storage.ignored_names import DONE_SUFFIX, why_ignored
from vsf_assets.storage.listing import LeftOut

NO_FEED = "the name tells no feed"


@dataclass(frozen=True)
class FileToLand:
    """A file to land.

    Attributes:
        path: its path.
        hint: its path from the named folder on; feed and partition may be recognized from it.
        upload: the feed, if the file's folder holds exactly the files of one upload; else None.
    """

    path: Path
    hint: PurePosixPath
    upload: Feed | None = None


@dataclass
class FilesToLand:
    """The files to land, and the skipped ones.

    Attributes:
        files: the files to land.
        skipped: a line for each skipped entry of a folder.
    """

    files: list[FileToLand] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def find_files_to_land(paths: Iterable[str], feed: Feed | None) -> FilesToLand:
    """Return the files to land from named files and folders.

    Args:
        paths: the paths of the command line.
        feed: the feed of the command line, or None.

    Raises:
        UsageError: a named file is no delivery, an entry cannot be read, or a folder has no file to land.
    """
    result = FilesToLand()
    for path in map(Path, paths):
        if _is_folder(path):
            _add_folder(result, path, feed)
        else:
            _refuse_non_delivery(path)
            result.files.append(FileToLand(path, PurePosixPath(path.parent.name, path.name)))
    return result


def folder_name(path: Path) -> str:
    """Return the name of a file's folder, also if the path spells it as `.` or `..`."""
    return Path(os.path.abspath(path)).parent.name  # noqa: PTH100 - links keep the names that were path


def refuse_unlisted(path: Path, target: str) -> None:
    """Refuse a target that listings ignore, for example below a dataset called `old.bak`.

    Raises:
        UsageError: listings ignore the name of the file or of one of its folders.
    """
    for name in PurePosixPath(target).parts:
        why = why_ignored(name)
        if why is not None:
            raise UsageError(f"{path} as {target} would never be loaded: {why.reason}; give another name")


def check_readable(paths: Sequence[Path]) -> None:
    """Open each file once, so that no file is landed if one of them cannot be read.

    Raises:
        UsageError: a file cannot be read.
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


def _is_folder(path: Path) -> bool:
    try:
        status_of(path)
    except NotRegularError as error:
        if error.kind == "folder":
            return True
        raise _refusal(path, error) from None
    except FileNotFoundError:
        if path.is_symlink():
            raise UsageError(f"{path} is a link to something that is not there. Nothing was landed") from None
        # A suggestion for words alone: the name of a file often holds the name of its feed.
        hint = did_you_mean(str(path), all_feeds()) if path.name == str(path) and not path.suffix else ""
        raise UsageError(
            f"{path}: there is no such file or folder, nor a feed (feeds: {feeds_for_people()}){hint}"
        ) from None
    except OSError as error:
        raise _refusal(path, error) from None
    return False


def _refuse_non_delivery(path: Path) -> None:
    """Refuse a named file that listings of the landing zone ignore.

    Raises:
        UsageError: listings ignore its name.
    """
    why = why_ignored(path.name)
    if why is not None:
        raise UsageError(f"{path} would never be loaded: {why.reason}; {why.advice}. Nothing was landed")
    if path.name.lower().endswith(DONE_SUFFIX):
        raise UsageError(
            f"{path} would never be loaded: names that end in {DONE_SUFFIX} mark another file as whole; land that"
            " file, it needs no marker. Nothing was landed"
        )


def _add_folder(result: FilesToLand, path: Path, feed: Feed | None) -> None:
    """Add the files of a folder to `result`.

    Raises:
        UsageError: an entry of the folder cannot be read, or no file of it can be landed.
    """
    try:
        listing = list_folder(path)
    except OSError as error:
        raise _refusal(path, error) from None
    for left_out in listing.left_out:
        if left_out.is_error:
            raise UsageError(
                f"{visible(str(path / left_out.path))}: {left_out.reason}; {left_out.advice}. Nothing was landed"
            )
    files = [FileToLand(path / e.path, PurePosixPath(_own_name(path), e.path)) for e in listing.entries]
    landable, unknown = list[FileToLand](), list[FileToLand]()
    for file in _with_uploads(files):
        (landable if _is_landable(file, feed) else unknown).append(file)
    if not landable:
        raise UsageError(_no_files_message(path, unknown, listing.left_out, feed))
    result.files += landable
    result.skipped += [_skipped(path, left_out) for left_out in listing.left_out]
    result.skipped += [
        f"{visible(str(file.path))}: {NO_FEED}; to land it, say which: vsf land FEED PATH" for file in unknown
    ]


def _own_name(path: Path) -> str:
    return Path(os.path.abspath(path)).name  # noqa: PTH100 - as folder_name


def _skipped(path: Path, left_out: LeftOut) -> str:
    return f"{visible(str(path / left_out.path))}: {left_out.reason}"


def _with_uploads(files: list[FileToLand]) -> list[FileToLand]:
    """Set `upload` on the files of folders that hold exactly the files of one upload."""
    by_folder: dict[Path, set[str]] = {}
    for file in files:
        by_folder.setdefault(file.path.parent, set()).add(file.path.name)
    uploads = {frozenset(name for name, _ in feed.members): feed for feed in all_feeds().values() if feed.members}
    return [FileToLand(f.path, f.hint, uploads.get(frozenset(by_folder[f.path.parent]))) for f in files]


def _is_landable(file: FileToLand, feed: Feed | None) -> bool:
    """Whether a file of a folder is landed: with a named feed every file, else the files that a feed claims.

    A file that two feeds claim is included, and cli/land.py refuses it: a delivery must not be skipped.
    """
    if feed is not None or file.upload is not None or source_folders().intersection(file.hint.parts[:-1]):
        return True
    return recognize(str(file.hint)) is not None or bool(feeds_of_name(file.path.name))


def _no_files_message(path: Path, unknown: Sequence[FileToLand], left_out: Sequence[LeftOut], feed: Feed | None) -> str:
    """Return why no file of a folder can be landed, and how to land them."""
    if not unknown and not left_out:
        return f"{path} holds no files"
    reasons = [_skipped(path, entry) for entry in left_out]
    reasons += [f"{visible(str(file.path))}: {NO_FEED}" for file in unknown]
    more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
    advice = f"; {_advice(path, unknown)}" if unknown and feed is None else ""
    return f"{path} holds nothing that can be landed ({'; '.join(reasons[:5])}{more}){advice}. Nothing was landed"


def _advice(path: Path, unknown: Sequence[FileToLand]) -> str:
    """Return how to land files whose names belong to no feed."""
    for feed in all_feeds().values():
        members = [visible(str(file.path)) for file in unknown if file.path.name in dict(feed.members)]
        if members:
            return f"if they are of one of the {feed.name}: vsf land {feed.name} {' '.join(members)}"
    return f"say which feed its files are of: vsf land FEED {path} (feeds: {feeds_for_people()})"
