"""Feeds of the catalog family: objects that are fetched from a source, its list, and the scans of it.

Here: the declarations, and the encoding of an object's name as a file name. Not here: fetching (catalog/) and the
contracts (contracts/by_family/catalog.py).
"""

import io
import re
from collections.abc import Iterator
from urllib.parse import unquote

from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import SOURCES
from vsf_assets.feeds.reading import JsonLines, JsonRecords, NameList, Reading

OBJECTS = "catalog"
SCANS = "catalog_looks"
LIST = "catalog_list"

_UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f]|^\.|\.(?=(?:tmp|part|done|not-kept)$)", re.IGNORECASE)
"""Forbidden in a file name: separators, control characters, and marks of files that listings ignore."""


def file_name(object_name: str) -> str:
    """Return the file name of an object: its name with forbidden characters percent-encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match.group()):02X}", object_name)


def object_name(name: str) -> str:
    """Return the object's name for a file name, the reverse of `file_name`."""
    return unquote(name)


def listed_names(text: str) -> Iterator[tuple[int, str]]:
    """Yield (physical line, name) for every name in a list's text; a name's place is its position here, from 1.

    Blank lines are skipped; a byte order mark and CR at the end of a line are removed.
    """
    # Line by line: a list may have millions of names, and split() would hold all lines twice.
    for number, line in enumerate(io.StringIO(text.removeprefix("\ufeff"), newline="\n"), 1):
        name = line.removesuffix("\n").rstrip("\r")
        if name.strip():
            yield number, name


def _catalog_feed(
    name: str,
    description: str,
    tables: tuple[str, ...],
    reading: Reading,
    file: str,
    is_source_folder: bool = False,
    has_source_encoding: bool = True,
) -> Feed:
    return Feed(
        name=name,
        family="catalog",
        description=description,
        tables=tables,
        examples=(f"{name}/default/{file}", f"{name}/default/20261122T101500.000001Z/{file}"),
        not_ours=(file, f"upload/{name}/default/{file}", f"{name}.json"),
        reading=reading,
        partitioning=SOURCES,
        counts_once_by="delivery",
        is_fetched=True,
        is_source_folder=is_source_folder,
        has_source_encoding=has_source_encoding,
        is_always_archived=True,
        is_written_by_platform=not is_source_folder,
    )


FEEDS = (
    _catalog_feed(
        SCANS,
        "Scans of a source: the objects whose state had changed, written by the platform.",
        ("raw.catalog_looks",),
        JsonLines(),
        "look.jsonl",
        has_source_encoding=False,
    ),
    _catalog_feed(
        LIST,
        "The list of a source, as fetched.",
        ("raw.catalog_list",),
        NameList(),
        "files_list.data",
    ),
    _catalog_feed(
        OBJECTS,
        "An object of a source, as fetched: songs, movies and apps.",
        ("raw.songs", "raw.movies", "raw.apps", "raw.skipped_types"),
        JsonRecords((("song", "raw.songs"), ("movie", "raw.movies"), ("app", "raw.apps")), "raw.skipped_types"),
        "29c209f3.data",
        is_source_folder=True,
    ),
)
