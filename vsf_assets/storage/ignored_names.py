"""Recognizes file names that are not loaded: unfinished transfers, hidden files, desktop leftovers.

Here: the one list, and what is said of such a name; pure functions of a name. It holds for folders and buckets, for
`vsf land` and for the landing zone; docs/feeds.md prints it. Not here: names of feeds (feeds/), and the archive,
where every name counts: an earlier release loaded `x.csv.filepart`, and its original must stay an original.
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
"""How the name of a file ends that no sender has finished -> who names files so. Case does not count."""

COPIES = {"~": "editors", ".bak": "editors and people"}
"""How the name of a copy of an earlier state ends -> who names files so. Case does not count.

The file beside it holds what counts: the copy, loaded after it, would bring rows back that were mended since.
"""

BESIDE = (".aria2", ".lftp-pget-status")
"""Notes of a program that writes the file itself under its final name, and removes the note when the file is whole."""

PLACEHOLDER_FOR = ".part"
"""Firefox puts an empty file under the final name while it writes another one with this ending."""

_RSYNC = re.compile(r"^\..+\.[A-Za-z0-9]{6}$")
"""`.clicks_1.csv.Xy12Z9`: what rsync writes until the file is whole."""

DESKTOP = {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "__macosx", "icon\r"}
"""What Windows and macOS put into folders by themselves, in lower case; `.DS_Store` is hidden anyway."""

DONE_SUFFIX = ".done"

OWNER_MARKER = ".vsf-home"
"""The platform's own note in a landing zone of whose it is (landing/ownership.py); a listing does not mention it."""


@dataclass(frozen=True)
class IgnoredName:
    """Why a name is none of a delivery.

    Attributes:
        kind: `unfinished`, `old copy` or `hidden`.
        reason: what it is, a clause.
        advice: what to do, an imperative clause.
    """

    kind: str
    reason: str
    advice: str


def why_ignored(name: str) -> IgnoredName | None:
    """Return why a file or folder of this name is no delivery, or None; markers (`.done`) are none of its business."""
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
    """Return why a file is unfinished by what lies beside it, or None.

    Args:
        name: of the file, or its path.
        size: its bytes.
        names: all names of its folder, or all paths.
    """
    for note in BESIDE:
        if name + note in names:
            return _unfinished(f"{name}{note} beside it says that it is still written")
    if not size and name + PLACEHOLDER_FOR in names:
        return _unfinished(f"it holds the place of {name}{PLACEHOLDER_FOR}, which is still written")
    return None
