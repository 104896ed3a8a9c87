"""Recognizes file names that are not loaded: unfinished transfers, hidden files, desktop leftovers.

Here: the list of such names with their reasons; pure functions of a name. The list applies to folders and buckets, to
`vsf land` and to the landing zone; docs/feeds.md prints it. Not here: names of feeds (feeds/), and the archive, where
every name counts: an earlier release loaded `x.csv.filepart`, and its original must remain an original.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

UNFINISHED = {
    ".tmp": "many programs",
    ".temp": "many programs",
    ".part": "Firefox, curl, FTP clients",
    ".partial": "Internet Explorer, rsync, copying tools",
    ".filepart": "WinSCP",
    ".crdownload": "Chrome, Edge",
    ".download": "Safari",
    ".opdownload": "Opera",
    ".fdmdownload": "Free Download Manager",
    ".dtapart": "DownThemAll",
    ".aria2": "aria2",
    ".lftp-pget-status": "lftp",
    ".!ut": "µTorrent",
    ".!qb": "qBittorrent",
    ".inprogress": "file servers, pipelines",
    ".in_progress": "file servers, pipelines",
    ".uploading": "upload tools",
    ".incomplete": "download tools",
    ".unfinished": "download tools",
    ".swp": "Vim, while a file is edited",
    ".swo": "Vim, while a file is edited",
    ".swx": "Vim, while a file is edited",
}
"""Suffix of unfinished files -> programs that use it; case is ignored."""

COPIES = {"~": "editors", ".bak": "editors and people"}
"""Suffix of copies of an earlier state -> who uses it; case is ignored.

The file beside the copy is the current one. Loading the copy after it would restore rows that were corrected since.
"""

BESIDE = (".aria2", ".lftp-pget-status")
"""Suffixes of control files: the program writes under the final name, and removes the control file at the end."""

PLACEHOLDER_FOR = ".part"
"""Firefox creates an empty file with the final name while it writes another file with this suffix."""

_RSYNC = re.compile(r"^\..+\.[A-Za-z0-9]{6}$")
"""`.clicks_1.csv.Xy12Z9`: the temporary file of rsync."""

DESKTOP = {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "__macosx", "icon\r"}
"""Files that Windows and macOS create in folders, in lower case; `.DS_Store` is hidden anyway."""

DONE_SUFFIX = ".done"

OWNER_MARKER = ".vsf-home"
"""The platform's file in a landing zone that names its owner (landing/home_marker.py); listings omit it."""

UPLOADS_FOLDER = ".vsf-uploads"
"""The platform's folder in a landing zone for uploads that are not complete; listings omit it."""

OF_PLATFORM = frozenset({OWNER_MARKER, UPLOADS_FOLDER})
"""Entries of a landing zone that no listing shows, not even as left out."""


@dataclass(frozen=True)
class IgnoredName:
    """Why a file name is not loaded.

    Attributes:
        kind: `unfinished`, `old copy` or `hidden`.
        reason: the reason, a clause.
        advice: advice to the operator, an imperative clause.
    """

    kind: str
    reason: str
    advice: str


def why_ignored(name: str) -> IgnoredName | None:
    """Return why a file or folder with this name is not loaded, or None; `.done` markers are not considered."""
    if _RSYNC.match(name):
        return _unfinished("rsync names files so until they are whole")
    if name.startswith("."):
        return IgnoredName("hidden", "names that begin with a dot are hidden files", "rename it to load it")
    lower = name.lower()
    if lower in DESKTOP or lower.startswith("~$") or lower.endswith(":zone.identifier"):
        return IgnoredName("hidden", "the desktop or an office program keeps it for itself", "nothing")
    for ending, who in UNFINISHED.items():
        if lower.endswith(ending):
            return _unfinished(f"names that end in {ending} are of unfinished transfers ({who})")
    for ending, who in COPIES.items():
        if lower.endswith(ending):
            reason = f"names that end in {ending} are of copies of an earlier state ({who})"
            return IgnoredName("old copy", reason, "remove it, or rename it to load it")
    return None


def _unfinished(reason: str) -> IgnoredName:
    return IgnoredName("unfinished", reason, "let the sender finish it; if the file is whole, rename it")


def why_unfinished_beside(name: str, size: int, names: Collection[str]) -> IgnoredName | None:
    """Return why the files beside a file show that it is unfinished, or None.

    Args:
        name: name or path of the file.
        size: its size in bytes.
        names: all names of its folder, or all paths.
    """
    for note in BESIDE:
        if name + note in names:
            return _unfinished(f"{name}{note} beside it says that it is still written")
    if not size and name + PLACEHOLDER_FOR in names:
        return _unfinished(f"it holds the place of {name}{PLACEHOLDER_FOR}, which is still written")
    return None
