"""Shares of the landing zone: which of several runs at once loads which files.

Here: shares as pure functions of a path. Not here: which runs are in flight (defs/ingest_shares.py). A path belongs to
the same share on every host and in every process, and so do all files of an upload.
"""

import re
from dataclasses import dataclass
from zlib import crc32

from vsf_assets.common.errors import UsageError
from vsf_assets.landing.multi_file_uploads import upload_of_path

_TEXT = re.compile(r"(?P<number>[0-9]{1,4})/(?P<of>[0-9]{1,4})")


@dataclass(frozen=True)
class Share:
    """One of `of` shares of the landing zone, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, path: str) -> bool:
        """Whether a file of the landing zone belongs to this share."""
        upload = upload_of_path(path)
        name = path if upload is None else "/".join(part or "" for part in upload)
        return crc32(name.encode()) % self.of == self.number - 1


def parse_share(text: str) -> Share:
    """Return the share that a text like `2/8` names.

    Raises:
        UsageError: it names none.
    """
    match = _TEXT.fullmatch(text)
    number, of = (int(match["number"]), int(match["of"])) if match else (0, 0)
    if not 0 < number <= of:
        raise UsageError(f"{text!r} is not a share of the landing zone; write it like 2/8")
    return Share(number, of)


def shares(of: int) -> list[Share]:
    """Return all shares; together they hold each file once."""
    return [Share(number, of) for number in range(1, of + 1)]
