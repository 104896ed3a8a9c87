"""Reads lists of names: one name per line.

Here: the reader of such files. Not here: the use of the names (catalog/).
"""

from collections.abc import Iterator

import polars as pl

from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.byte_stream import ByteStream, UnreadableError
from vsf_assets.readers.common.content_types import content_instead_of_names
from vsf_assets.readers.common.decoding import line_blocks, utf8
from vsf_assets.readers.common.findings import FINDINGS
from vsf_assets.readers.common.limits import FindingsLimit
from vsf_assets.readers.common.portion import Portion
from vsf_assets.readers.json.lossless_values import storable, why_no_text


def name_portions(stream: ByteStream, table: Table, encoding: str, limit: FindingsLimit) -> Iterator[Portion]:
    """Yield the names of a list, each with its position in the list; blank lines are counted as blank.

    Raises:
        UnreadableError: the bytes cannot be read, or the file is a web page or another file whose lines are not names.
    """
    position = 0
    for first_line, lines in line_blocks(utf8(stream, encoding)):
        if first_line == 1:
            _refuse_other_content(b"\n".join(lines))
        good, bad, blank = [], [], 0
        for line, raw in enumerate(lines, first_line):
            name = raw.decode("utf-8", "surrogateescape").rstrip("\r")
            if not name.strip():
                blank += 1
                continue
            position += 1
            why = why_no_text(name)
            if why:
                shown = storable(name)
                bad.append((line, "invalid_encoding", "object_name", shown, shown, "error", f"the name {why}", True))
            else:
                good.append((line, position, name))
        columns = {"_line": pl.Int64, "position": pl.Int64, "object_name": pl.String}
        found = pl.DataFrame(bad, schema=FINDINGS, orient="row")
        yield Portion(
            {table.name: pl.DataFrame(good, schema=columns, orient="row")},
            found.filter(limit.listed(found)) if bad else found,
            len(lines),
            len(bad),
            blank,
        )


def _refuse_other_content(head: bytes) -> None:
    """Raise UnreadableError if the first bytes show that the file is not a list of names."""
    other = content_instead_of_names(head)
    if other is not None:
        raise UnreadableError(other.anomaly, other.reason("a list of names"), None, other.text)
