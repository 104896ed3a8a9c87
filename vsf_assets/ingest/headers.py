"""The header of a delimited file: which columns it names, in which order, with which delimiter.

Here: pure functions on bytes. Not here: the records below it (delimited.py).
"""

from collections import Counter
from dataclasses import dataclass

from vsf_assets.feeds.feed import Delimited
from vsf_assets.ingest.records import SHOWN_TEXT, Record, parse_record, show
from vsf_assets.ingest.source import UnreadableError
from vsf_assets.ingest.tolerant import other_dialect

LONGEST_SHOWN = 100
"""Characters of a name that a message shows."""


@dataclass(frozen=True)
class Header:
    """What a header says.

    Attributes:
        names: the contract's columns in the file's order.
        dialect: how the file is written.
        end: position behind the header's newline.
    """

    names: list[str]
    dialect: Delimited
    end: int


def find_header(data: bytes, dialect: Delimited, columns: list[str]) -> Header:
    """Read the header that `data` begins with; a tolerant dialect may turn out to have its other delimiter.

    Raises:
        UnreadableError: it does not name exactly the contract's columns.
    """
    wrong = []
    for possible in [dialect, *([other_dialect(dialect)] if dialect.tolerance else [])]:
        record = parse_record(data, 0, possible)
        names = _names(record, possible)
        if sorted(names) == sorted(columns):
            return Header(names, possible, record.end)
        wrong.append((names, record.end))
    # Told of is the delimiter that it was written with: the one that gives most of the columns.
    names, end = max(wrong, key=lambda header: len(set(columns).intersection(header[0])))
    raise UnreadableError("unknown_header", _header_reason(names, columns), 1, show(data[:end][:SHOWN_TEXT]))


def _names(record: Record, dialect: Delimited) -> list[str]:
    """Return the columns that a header names."""
    aliases = dict(dialect.tolerance.aliases) if dialect.tolerance else {}
    shown = [show(name) for name in record.fields or []]
    return [aliases.get(name, name) for name in shown]


def _header_reason(names: list[str], columns: list[str]) -> str:
    """Say how the header differs from the contract's columns."""
    counts = Counter(names)
    missing = [c for c in columns if c not in counts]
    surplus = [n[:LONGEST_SHOWN] for n in names if n not in columns]
    doubled = sorted(n[:LONGEST_SHOWN] for n, count in counts.items() if count > 1)
    parts = [
        f"missing {', '.join(missing)}" if missing else "",
        f"not expected {', '.join(surplus[:10])}" if surplus else "",
        f"twice {', '.join(doubled[:10])}" if doubled else "",
    ]
    return f"the header is not the contract's ({'; '.join(p for p in parts if p)}); expected {','.join(columns)}"
