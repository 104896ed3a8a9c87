"""From the bytes of a delivery to checked rows, by how its feed's files are written.

Here: which reader takes a file. Not here: the readers themselves (delimited.py, jsonfiles.py,
listfiles.py, descriptions.py) and what becomes of the rows (delivery.py).
"""

from collections.abc import Iterator

import polars as pl

from vsf_assets.contracts import get_table
from vsf_assets.contracts.projections import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.feeds.feed import Delimited, Described, Feed, JsonLines, JsonRecords
from vsf_assets.ingest import descriptions, jsonfiles, listfiles
from vsf_assets.ingest.ahead import one_ahead
from vsf_assets.ingest.checking import check_block
from vsf_assets.ingest.delimited import DelimitedReader
from vsf_assets.ingest.portion import Portion
from vsf_assets.ingest.source import Source


def portions(source: Source, feed: Feed, encoding: str = "utf-8", file_name: str = "") -> Iterator[Portion]:
    """Yield what a file holds.

    Args:
        source: its bytes.
        feed: how it is written, and the contracts.
        encoding: of a file that others wrote; delimited files are UTF-8.
        file_name: of a file of an upload, which tells its table.

    Raises:
        UnreadableError: the file as a whole cannot be read.
    """
    reading, tables = feed.reading, [get_table(name) for name in feed.tables_of(file_name)]
    if isinstance(reading, Delimited):
        return _delimited(source, tables[0], reading)
    if isinstance(reading, JsonRecords):
        return jsonfiles.record_portions(source, reading, encoding)
    if isinstance(reading, JsonLines):
        return jsonfiles.line_portions(source, tables[0])
    if isinstance(reading, Described):
        return descriptions.portions(source, tables[0], reading)
    return listfiles.name_portions(source, tables[0], encoding)


def _delimited(source: Source, table: Table, dialect: Delimited) -> Iterator[Portion]:
    types = polars_types(table)
    integers = all(isinstance(dtype, pl.Int64) for dtype in types.values())
    for block in one_ahead(DelimitedReader(source, dialect, list(types), integers).blocks()):
        checked = check_block(block, table, dialect)
        yield Portion({table.name: checked.valid}, checked.findings, block.records, checked.quarantined, block.blank)
