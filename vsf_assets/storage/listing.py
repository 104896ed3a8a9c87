"""The `Listing` type: the files of a store, and the entries that are left out, with the reasons.

Here: the types, and the sentences about left-out entries in commands and sensors. Not here: listing a folder
(folder_listing.py) or a bucket (s3.py), and the names that are left out (ignored_names.py). A listing continues after
an unreadable entry. Code that concludes that a file is absent calls `Store.every_entry`, which raises an error instead.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError
from vsf_assets.common.visible_text import visible

if TYPE_CHECKING:
    from vsf_assets.storage.entry import Entry

UNSHOWN = ("hidden",)
"""Kinds that a run does not report: they are common and need no action."""

SHOWN = 20
"""Number of entries that a run names; `vsf status --left-out` lists all."""


@dataclass(frozen=True)
class LeftOut:
    """An entry of the landing zone that is not listed as a file.

    Attributes:
        path: relative to the store, with `/`.
        kind: unfinished, old copy, hidden, pipe, socket, device, looping link, broken link, linked folder,
            lost+found, odd name, changing, not permitted, I/O error or too deep.
        reason: the reason, a clause.
        advice: advice to the operator, an imperative clause.
        is_error: whether a command ends with exit code 1 because of it: the entry could not be read.
    """

    path: str
    kind: str
    reason: str
    advice: str
    is_error: bool = False

    @property
    def needs_action(self) -> bool:
        """Whether a run reports it."""
        return self.kind not in UNSHOWN

    @property
    def may_hide_files(self) -> bool:
        """Whether it may contain files that would be listed otherwise."""
        return self.is_error or self.kind in ("looping link", "broken link", "linked folder", "odd name", "changing")

    @property
    def line(self) -> str:
        """The entry in a sentence that a terminal can display."""
        return f"{visible(self.path)} is left out: {self.reason}; what to do: {self.advice}"


@dataclass
class Listing:
    """The result of a listing.

    Attributes:
        entries: the files, sorted by path.
        left_out: all other entries, sorted by path; a hidden or unreadable folder is one entry.
    """

    entries: list["Entry"] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


class UnlistedEntryError(VsfError):
    """An entry cannot be read where the complete content must be known; nothing was changed."""

    def __init__(self, place: str, entry: LeftOut):
        where = visible(f"{place}/{entry.path}".rstrip("/"))
        super().__init__(
            f"{where} cannot be read: {entry.reason}; {entry.advice}."
            " What is there is not known, so nothing was changed"
        )
        self.entry = entry


def odd(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """Return the entries that a run reports."""
    return [entry for entry in left_out if entry.needs_action]


def count_line(left_out: Iterable[LeftOut]) -> str:
    """Return a line with the number of left-out entries by kind, most frequent first; an empty text for none."""
    kinds = Counter(entry.kind for entry in left_out)
    if not kinds:
        return ""
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda k: (-k[1], k[0])))
    return f"{kinds.total()} left out: {parts}; vsf status --left-out lists them"


def lines(left_out: Iterable[LeftOut]) -> list[str]:
    """Return a line for each entry that a run reports, errors first; at most SHOWN entries."""
    reported = sorted(odd(left_out), key=lambda entry: (not entry.is_error, entry.path))
    rest = len(reported) - SHOWN
    more = [f"and {rest} more are left out: vsf status --left-out lists them"] if rest > 0 else []
    return [entry.line for entry in reported[:SHOWN]] + more
