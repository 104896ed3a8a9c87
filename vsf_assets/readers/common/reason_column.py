"""The column that a file of bad rows has beside the contract's: why the row is bad, and which row it is.

Here: its name, the text of a cell, and reading the key in it. A file of mended rows is accepted with this column, which
is not loaded (decision 0039). Not here: writing files of bad rows (delimited/bad_records.py, json/bad_records.py).
"""

import re
from typing import NamedTuple

from vsf_assets.common.visible_text import visible

REASON_COLUMN = "vsf_reason"
"""Name of the column, and of the member of a JSON record."""

LONGEST_REASON = 500
"""Characters of a reason that a cell shows."""

_DIGEST = 12
_KEY = re.compile(rf"\[([0-9a-f]{{{_DIGEST}}}):(\d{{1,15}})\]\s*$")


class RowKey(NamedTuple):
    """Which delivered row a mended row replaces: the start of its file's SHA-256, and its line there."""

    sha256_start: str
    line: int


def digest_of_key(sha256: str) -> str:
    """Return the part of a file's SHA-256 that keys have."""
    return sha256[:_DIGEST]


def reason_cell(line: int, reason: str, sha256: str) -> str:
    r"""Return the text of a cell: `line 17: … [1f0c9a2b7c3d:17]`.

    It has only ASCII characters, others become `\xNN` or `\uNNNN`: so it has the same bytes in every encoding that the
    other columns may have. It begins with a letter, so that no spreadsheet takes it for a formula.
    """
    text = " ".join(visible(reason).split())
    text = text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"
    plain = text.replace("…", "...").encode("ascii", "backslashreplace").decode()
    return f"line {line}: {plain} [{digest_of_key(sha256)}:{line}]"


def key_in(cell: str) -> RowKey | None:
    """Return the key at the end of a cell; None if it has none."""
    found = _KEY.search(cell)
    return RowKey(found.group(1), int(found.group(2))) if found else None
