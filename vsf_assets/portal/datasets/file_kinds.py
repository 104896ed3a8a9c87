"""Which of a dataset's three files a file is, by its header.

Here: the header's kind, and what is wrong with a set of files, before anything is sent; the browser does the same
(static/portal/dictionary-upload.js). Not here: reading a file (readers/), whose parser of headers decides here too.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from vsf_assets.common.visible_text import quoted
from vsf_assets.contracts import get_table
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.delimited.header import find_header

FEED = "datasets"

HEAD_BYTES = 64 * 1024
"""Bytes of a file in which its header stands."""


class WrongFilesError(ValueError):
    """The files are not those of one dataset; the message says which, and what to do."""


@cache
def members() -> dict[str, tuple[str, ...]]:
    """Return name of a file in the landing zone, such as `columns.csv` -> its columns."""
    return {name: tuple(get_table(table).schema.columns) for name, table in all_feeds()[FEED].members}


@cache
def aliases() -> dict[str, str]:
    """Return another spelling of a column -> the column."""
    reading = all_feeds()[FEED].reading
    return dict(reading.tolerance.aliases) if isinstance(reading, Delimited) and reading.tolerance else {}


def kind_of(head: bytes) -> str:
    """Return which file of a dataset begins with these bytes, such as `columns.csv`; empty if none does."""
    reading = all_feeds()[FEED].reading
    if not isinstance(reading, Delimited):
        raise TypeError(f"the files of {FEED} are not delimited")
    data = head.removeprefix(b"\xef\xbb\xbf")
    for name, columns in members().items():
        try:
            find_header(data, reading, list(columns))
        except UnreadableError:
            continue
        return name
    return ""


def sorted_files(heads: Sequence[tuple[str, bytes]]) -> dict[str, int]:
    """Return name in the landing zone -> position in `heads` of the three files of a dataset.

    Args:
        heads: (name as the sender has it, first bytes) of each file.

    Raises:
        WrongFilesError: a header is none of the three, two files are of one kind, or one is missing.
    """
    found: dict[str, int] = {}
    for position, (name, head) in enumerate(heads):
        kind = kind_of(head)
        if not kind:
            raise WrongFilesError(
                f"{quoted(name)} has none of the three headers; its first line must name the columns of"
                f" {', '.join(members())}: see the list of columns on the page"
            )
        if kind in found:
            first = quoted(heads[found[kind]][0])
            raise WrongFilesError(f"{first} and {quoted(name)} are both {_words(kind)}; leave one of them out")
        found[kind] = position
    missing = [kind for kind in members() if kind not in found]
    if missing:
        raise WrongFilesError(f"the file of {' and of '.join(map(_words, missing))} is missing; add it")
    return found


def _words(kind: str) -> str:
    return kind.removesuffix(".csv")


def described_headers() -> Mapping[str, tuple[str, ...]]:
    """Return word for a kind -> its columns."""
    return {_words(kind): columns for kind, columns in members().items()}
