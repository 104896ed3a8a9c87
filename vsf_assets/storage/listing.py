"""The `Listing` type: the files of a store, and what is left out with the reason.

Here: the types, and the sentences that commands and sensors say of what was left out. Not here: listing a folder
(folder_listing.py) or a bucket (catalog/clients/s3.py), and which names are no deliveries (ignored_names.py). A
listing goes on at an entry that it cannot read; who concludes that something is absent asks `Store.every_entry`
instead, which stops.
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
"""Kinds that a run does not mention: every folder has some, and nobody has to do anything."""

SHOWN = 20
"""So many entries a run names; `vsf status --left-out` lists all."""


@dataclass(frozen=True)
class LeftOut:
    """An entry of the landing zone that is not listed as a file.

    Attributes:
        path: relative to the store, with `/`.
        kind: unfinished, old copy, hidden, pipe, socket, device, looping link, broken link, linked folder,
            lost+found, odd name, changing, not permitted, I/O error or too deep.
        reason: what it is, a clause.
        advice: what to do, an imperative clause.
        is_error: whether a command that meets it ends with 1: what is there could not be read.
    """

    path: str
    kind: str
    reason: str
    advice: str
    is_error: bool = False

    @property
    def needs_somebody(self) -> bool:
        """Whether a run mentions it."""
        return self.kind not in UNSHOWN

    @property
    def may_hide_files(self) -> bool:
        """Whether files may lie behind it that would have been listed."""
        return self.is_error or self.kind in ("looping link", "broken link", "linked folder", "odd name", "changing")

    @property
    def line(self) -> str:
        """The entry in a sentence, as a terminal can show it."""
        return f"{visible(self.path)} is left out: {self.reason}; what to do: {self.advice}"


@dataclass
class Listing:
    """What a listing shows.

    Attributes:
        entries: the files that count, by path.
        left_out: everything else, by path; of a hidden or unreadable folder the folder alone.
    """

    entries: list["Entry"] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


class UnlistedEntryError(VsfError):
    """Something cannot be read where all of a place must be known; nothing was changed."""

    def __init__(self, place: str, entry: LeftOut):
        where = visible(f"{place}/{entry.path}".rstrip("/"))
        super().__init__(
            f"{where} cannot be read: {entry.reason}; {entry.advice}."
            " What is there is not known, so nothing was changed"
        )
        self.entry = entry


def odd(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """Return what a run mentions."""
    return [entry for entry in left_out if entry.needs_somebody]


def count_line(left_out: Iterable[LeftOut]) -> str:
    """Return how many entries were left out, by kind, most first; empty where none was."""
    kinds = Counter(entry.kind for entry in left_out)
    if not kinds:
        return ""
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda k: (-k[1], k[0])))
    return f"{kinds.total()} left out: {parts}; vsf status --left-out lists them"


def lines(left_out: Iterable[LeftOut]) -> list[str]:
    """Return a line for each entry that a run mentions, errors first; of very many the first."""
    reported = sorted(odd(left_out), key=lambda entry: (not entry.is_error, entry.path))
    rest = len(reported) - SHOWN
    more = [f"and {rest} more are left out: vsf status --left-out lists them"] if rest > 0 else []
    return [entry.line for entry in reported[:SHOWN]] + more
