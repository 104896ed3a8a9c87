"""Chooses the reader of a file by the `Reading` that its feed declares.

Here: the choice. Not here: the readers (readers/delimited/reader.py, readers/json/read_json.py, name_list.py,
synthetic/description_reader.py), and storing the rows (ingest/read_file.py).
"""

import importlib
from collections.abc import Callable, Iterator

import polars as pl

from vsf_assets.common.prefetch import one_ahead
from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import polars_types, ruled_columns
from vsf_assets.contracts.table import Table
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.reading import Delimited, JsonLines, JsonRecords, Reading
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.common.findings import NO_FINDINGS
from vsf_assets.readers.common.limits import FindingsLimit
from vsf_assets.readers.common.portion import Portion
from vsf_assets.readers.delimited.block import Block
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets.readers.delimited.validation import check_blocks
from vsf_assets.readers.json.read_json import line_portions, record_portions
from vsf_assets.readers.name_list import name_portions


def findings_limit(feed: Feed, file_name: str, maximum: int) -> FindingsLimit:
    """Return the limit on the listed findings of a file.

    Args:
        feed: declares the format and the contracts.
        file_name: name of a file of an upload; it decides the table.
        maximum: the largest number of records that are listed for one anomaly and column.
    """
    columns = {column for name in feed.tables_of(file_name) for column in polars_types(get_table(name))}
    return FindingsLimit(maximum, columns)


def portions(
    stream: FileStream, feed: Feed, encoding: str = "utf-8", file_name: str = "", limit: FindingsLimit | None = None
) -> Iterator[Portion]:
    """Yield the validated rows and the findings of a file.

    Args:
        stream: the bytes of the file.
        feed: declares the format and the contracts.
        encoding: encoding of a fetched file; delimited files are UTF-8.
        file_name: name of a file of an upload; it decides the table.
        limit: chooses the listed findings; the caller adds its summary at the end.

    Raises:
        UnreadableError: the file as a whole cannot be read.
    """
    reading, tables = feed.reading, [get_table(name) for name in feed.tables_of(file_name)]
    limit = limit or FindingsLimit()
    if isinstance(reading, Delimited):
        return _delimited(stream, tables[0], reading, limit)
    if isinstance(reading, JsonRecords):
        return record_portions(stream, reading, encoding, limit)
    if isinstance(reading, JsonLines):
        return line_portions(stream, tables[0], limit)
    if feed.reader:
        return _own_reader(feed.reader)(stream, tables[0], reading)
    return name_portions(stream, tables[0], encoding, limit)


def _own_reader(name: str) -> Callable[[FileStream, Table, Reading], Iterator[Portion]]:
    """Import the function that a feed's declaration names, in the form `package.module:function`."""
    module, _, function = name.partition(":")
    reader: Callable[[FileStream, Table, Reading], Iterator[Portion]] = getattr(
        importlib.import_module(module), function
    )
    return reader


def _delimited(stream: FileStream, table: Table, dialect: Delimited, limit: FindingsLimit) -> Iterator[Portion]:
    types = polars_types(table)
    stretch: list[Block] = []
    for block in one_ahead(DelimitedReader(stream, dialect, list(types), integer_columns(table, dialect)).blocks()):
        stretch.append(block)
        if block.has_more:
            continue
        records, blank = sum(b.records for b in stretch), sum(b.blank for b in stretch)
        for checked in check_blocks(stretch, table, dialect, limit):
            read = checked.valid.height + checked.quarantined
            yield Portion({table.name: checked.valid}, checked.findings, read, checked.quarantined)
            records -= read
        yield Portion({}, NO_FINDINGS, records, blank=blank)
        stretch = []


def integer_columns(table: Table, dialect: Delimited) -> frozenset[str]:
    """Return the columns that may be parsed as integers at once, without their text.

    A finding about a cell quotes its text. So these are the columns in which only a cell that is no integer, or is
    empty, can be wrong: then the block is parsed as text.
    """
    if dialect.tolerance is not None:
        return frozenset()
    schema, ruled = table.schema.columns, ruled_columns(table)
    return frozenset(
        name
        for name, dtype in polars_types(table).items()
        if isinstance(dtype, pl.Int64) and not schema[name].nullable and name not in ruled
    )
