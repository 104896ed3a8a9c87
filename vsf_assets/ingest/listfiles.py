"""Lists of names to checked rows: a name per line.

Here: the reader of such files. Not here: what is done with the names (sources/).
"""

from collections.abc import Iterator

import polars as pl

from vsf_assets.contracts.table import Table
from vsf_assets.feeds.catalog import listed_names
from vsf_assets.ingest.checking import FINDINGS
from vsf_assets.ingest.contents import content_instead_of_names
from vsf_assets.ingest.delimited import ByteSource
from vsf_assets.ingest.jsonvalues import storable, why_no_text
from vsf_assets.ingest.portion import Portion
from vsf_assets.ingest.source import UnreadableError
from vsf_assets.ingest.text import read_all, utf8


def name_portions(source: ByteSource, table: Table, encoding: str) -> Iterator[Portion]:
    """Yield the names of a list, each with its place among them; blank lines count as such.

    Raises:
        UnreadableError: the bytes cannot be read, or are a page or another file whose lines are no names.
    """
    content = read_all(utf8(source, encoding))
    other = content_instead_of_names(content)
    if other is not None:
        raise UnreadableError(other.anomaly, other.reason("a list of names"), None, other.text)
    text = content.decode("utf-8", "surrogateescape")
    named = listed_names(text)
    good, bad = [], []
    for position, (line, name) in enumerate(named, 1):
        why = why_no_text(name)
        if why:
            shown = storable(name)
            bad.append((line, "invalid_encoding", "object_name", shown, shown, "error", f"the name {why}", True))
        else:
            good.append((line, position, name))
    lines = text.count("\n") + (not text.endswith("\n") and text != "")
    columns = {"_line": pl.Int64, "position": pl.Int64, "object_name": pl.String}
    yield Portion(
        {table.name: pl.DataFrame(good, schema=columns, orient="row")},
        pl.DataFrame(bad, schema=FINDINGS, orient="row"),
        lines,
        len(bad),
        lines - len(named),
    )
