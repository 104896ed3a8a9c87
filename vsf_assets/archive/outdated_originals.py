"""Finds originals that were read under an older contract version, and describes them for users.

Here: the comparison of the ledger with the current versions, and its messages. Not here: the versions
(warehouse/contract_versions.py) and reading the originals again (ingest/session.py).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsf_assets.warehouse.contract_versions import Versions

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow

SHOWN_REASONS = 10
"""Maximum number of files that are named for one reason."""


@dataclass(frozen=True)
class Outdated:
    """Files that were read with other contracts, readings or encodings than the current ones.

    Attributes:
        again: files whose originals are available: the next run reads them again.
        lost: files whose originals are not: their rows stay as they were read.
    """

    again: "list[FileRow]" = field(default_factory=list)
    lost: "list[FileRow]" = field(default_factory=list)

    @property
    def announcement(self) -> list[str]:
        """One line for `again` and one for `lost`, if there are such files."""
        lines = []
        if self.again:
            count = f"{len(self.again):,} original{'' if len(self.again) == 1 else 's'}"
            lines.append(f"{count} will be read again: the reading of {_by_feed(self.again)} changed in this release")
        if self.lost:
            count = f"{len(self.lost):,} original{'' if len(self.lost) == 1 else 's'}"
            lines.append(
                f"{count} cannot be read again and stay{'s' if len(self.lost) == 1 else ''} as read before: the reading"
                f" of {_by_feed(self.lost)} changed in this release, but the archive does not hold them"
                " (VSF_AFTER_LOAD=delete keeps none)"
            )
        return lines


def outdated_files(files: "Iterable[FileRow]", versions: Versions) -> "list[FileRow]":
    """Return the ledger's files that are read differently now; duplicate files are left out.

    A duplicate is handled with the file that it repeats.
    """
    return [
        row
        for row in files
        if row.status != "duplicate_file"
        and row.contract_version != versions.of(row.feed, row.partition_key)
        and versions.can_read(row.feed, row.partition_key)
    ]


def split_outdated(outdated: "Iterable[FileRow]", there: Collection[str]) -> Outdated:
    """Split outdated files by whether their originals are among `there`, the paths of the archive."""
    result = Outdated()
    for row in outdated:
        (result.again if row.archive_path in there else result.lost).append(row)
    return result


def lines_of_left(left: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each file that a run left unchanged; per reason the first ones, then the number of the rest."""
    counts = Counter[str]()
    for path, why in left:
        counts[why] += 1
        if counts[why] <= SHOWN_REASONS:
            yield f"{path}: {why}"
    for why, count in counts.items():
        if count > SHOWN_REASONS:
            yield f"and {count - SHOWN_REASONS:,} more: {why}"


def _by_feed(rows: "Iterable[FileRow]") -> str:
    counts = Counter(row.feed for row in rows)
    return ", ".join(f"{feed} ({count:,})" for feed, count in sorted(counts.items()))
