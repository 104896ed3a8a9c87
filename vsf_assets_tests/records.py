"""Reading JSON records with the real reader, and a slow reference made of `json` to compare it with.

Here: what the reader's unit and property tests share. The reference shares no code with the reader; it
is the rules of the feed's description written a second time.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.dispatch import portions
from vsf_assets.readers.json import array_reader as jsonarray

SHAPES: dict[str, dict[str, type]] = {
    "song": {"artist_name": str, "title": str, "year": int, "release": str},
    "movie": {"original_title": str, "original_language": str, "budget": int, "is_adult": bool, "release_date": date},
    "app": {"name": str, "genre": str, "rating": float, "version": str, "size_bytes": int},
}


class Read(NamedTuple):
    """What reading gave: rows as (table, line, values...), bad lines, skipped types; or that there was no reading."""

    rows: list[tuple[Any, ...]]
    bad: list[int]
    skipped: dict[str, int]
    unreadable: str = ""


class Finding(NamedTuple):
    """A finding, without its reason."""

    line: int
    anomaly: str
    column: str | None
    value: str | None
    text: str


def read(data: bytes, feed: str = "catalog", encoding: str = "utf-8") -> Read:
    """Read a file with the real reader."""
    rows, bad, skipped = [], set(), Counter()
    try:
        for portion in portions(FileStream(io.BytesIO(data), "x.data"), all_feeds()[feed], encoding):
            for table, frame in portion.valid.items():
                rows += [(table, *row) for row in frame.rows()]
            for frame in portion.notes.values():
                for _, kind, count in frame.rows():
                    skipped[kind] += count
            held_back = portion.findings.filter(portion.findings["is_quarantined"])
            lines = set(held_back["line_number"].to_list())
            assert len(lines) == portion.quarantined
            bad |= lines
            counted = portion.loaded + portion.quarantined + portion.skipped + portion.blank
            assert portion.records == counted
    except UnreadableError as error:
        return Read([], [], {}, error.reason)
    return Read(sorted(rows), sorted(bad), dict(skipped))


def findings(data: bytes, feed: str = "catalog") -> list[Finding]:
    """Return what the real reader finds wrong with the records of a file."""
    names = ["line_number", "anomaly", "column_name", "raw_value", "raw_text"]
    read_ = list(portions(FileStream(io.BytesIO(data), "x.data"), all_feeds()[feed]))
    return [Finding(*row) for portion in read_ for row in portion.findings.select(names).rows()]


@contextmanager
def small_blocks(size: int) -> Iterator[None]:
    """Let records straddle blocks: read in blocks of this size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonarray, "BLOCK", size)
        yield


class _Twice(dict[str, Any]):
    doubled: frozenset[str] = frozenset()


def _object(pairs: list[tuple[str, Any]]) -> _Twice:
    made = _Twice(pairs)
    made.doubled = frozenset(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return made


def reference(data: bytes) -> Read:
    """Say what reading must give."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    if not text.strip(" \t\n\r"):
        return Read([], [], {})
    try:
        records = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        return Read([], [], {}, str(error))
    if not isinstance(records, list):
        return Read([], [], {}, "no array")
    rows, bad, skipped = [], [], Counter()
    for index, record in enumerate(records):
        kind = record.get("type") if isinstance(record, dict) else None
        if not isinstance(kind, str) or not _storable(kind) or "type" in record.doubled:
            bad.append(index)
        elif kind not in SHAPES:
            skipped[kind] += 1
        elif set(record) != {"type", "data"} or record.doubled or not _fits(record["data"], SHAPES[kind]):
            bad.append(index)
        else:
            rows.append((f"raw.{kind}s", index, *_values(record["data"], SHAPES[kind])))
    return Read(sorted(rows), bad, dict(skipped))


def _storable(text: str) -> bool:
    return "\0" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)


def _fits(data: Any, shape: dict[str, type]) -> bool:
    if not isinstance(data, dict) or set(data) != set(shape) or data.doubled:
        return False
    return all(_is(data[name], kind) for name, kind in shape.items())


def _is(value: Any, kind: type) -> bool:
    if kind is date:
        return isinstance(value, str) and _is_date(value)
    if kind is str:
        return isinstance(value, str) and _storable(value)
    if kind is float:
        return type(value) in (int, float) and abs(float(value) if abs(value) < 10**400 else 1e999) < float("inf")
    return type(value) is kind and (kind is bool or -(2**63) <= value < 2**63)


def _is_date(text: str) -> bool:
    parts = text.split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(p.isascii() and p.isdigit() for p in parts):
        return False
    try:
        return bool(date(*map(int, parts)))
    except ValueError:
        return False


def _values(data: dict[str, Any], shape: dict[str, type]) -> list[Any]:
    made = {date: date.fromisoformat, float: float}
    return [made.get(kind, lambda value: value)(data[name]) for name, kind in shape.items()]
