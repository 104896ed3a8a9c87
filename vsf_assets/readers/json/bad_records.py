"""Copies chosen records of a JSON array, each with a member that says why it is bad.

Here: the copy, and reading the keys of mended records. Not here: which records are bad (the findings), and the text of
the member (common/reason_column.py). The bytes of a record stay as they are; the member is put before its last brace.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from vsf_assets.readers.common.byte_stream import ByteStream
from vsf_assets.readers.common.decoding import utf8
from vsf_assets.readers.common.reason_column import REASON_COLUMN, RowKey, key_in
from vsf_assets.readers.json.array_reader import ArrayReader
from vsf_assets.readers.json.lossless_values import DECODER, JsonObject


def copy_bad_elements(stream: ByteStream, encoding: str, reasons: Iterable[tuple[int, str]], target: BinaryIO) -> int:
    """Write an array of the chosen records in the encoding of their file, and return their number.

    Args:
        stream: the decompressed bytes of the file.
        encoding: of the file; a name that Python knows.
        reasons: (index of a record, text of its member), ascending.
        target: receives the copy.

    Raises:
        UnreadableError: the file is not a JSON array.
    """
    waiting = iter(reasons)
    index, reason = next(waiting, (-1, ""))
    count, before = 0, "[\n"
    for chunk in ArrayReader(utf8(stream, encoding)).chunks():
        while 0 <= index - chunk.first_index < len(chunk.values):
            text = _with_reason(chunk.raw(index - chunk.first_index), reason)
            target.write(_encoded(before + text, encoding if count == 0 else _without_mark(encoding)))
            count, before = count + 1, ",\n"
            index, reason = next(waiting, (-1, ""))
        if index < 0:
            break
    target.write(_encoded("\n]\n" if count else "[]\n", _without_mark(encoding) if count else encoding))
    return count


def _with_reason(raw: bytes, reason: str) -> str:
    """Return a record with its reason; what is no object becomes the `data` of one."""
    text = raw.decode("utf-8", "surrogateescape")
    member = f"{json.dumps(REASON_COLUMN)}: {json.dumps(reason)}"
    record = _object(text)
    if record is None:
        return f'{{"data": {text}, {member}}}'
    if REASON_COLUMN in record:
        text = _without_member(text)
    inside = text.rstrip()[:-1].rstrip()
    return f"{inside}{'' if inside.endswith(('{', ',')) else ', '}{member}}}"


def _object(text: str) -> JsonObject | None:
    try:
        value: Any = DECODER.decode(text)
    except (RecursionError, json.JSONDecodeError):
        return None
    return value if isinstance(value, JsonObject) else None


def _without_member(text: str) -> str:
    """Return an object's text without the last member of the name that this module wrote."""
    name = json.dumps(REASON_COLUMN)
    at = text.rfind(name)
    value = text[at + len(name) :].lstrip().removeprefix(":").lstrip()
    try:
        end = json.JSONDecoder().raw_decode(value)[1]
    except json.JSONDecodeError:
        return text
    rest = value[end:].lstrip()
    if rest.startswith(","):  # an editor has moved it to the front
        return text[:at] + rest[1:].lstrip()
    return text[:at].rstrip().removesuffix(",") + rest


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogateescape")


def _without_mark(encoding: str) -> str:
    """Return the encoding for text that goes on: these write a byte order mark at each beginning."""
    import codecs
    import sys

    order = "le" if sys.byteorder == "little" else "be"
    name = codecs.lookup(encoding).name
    return {"utf-8-sig": "utf-8", "utf-16": f"utf-16-{order}", "utf-32": f"utf-32-{order}"}.get(name, encoding)


def element_keys(stream: ByteStream, encoding: str) -> Iterator[tuple[int, RowKey | None]]:
    """Yield (index, key in the reason) of every record of an array of mended records.

    Raises:
        UnreadableError: the file is not a JSON array.
    """
    for chunk in ArrayReader(utf8(stream, encoding)).chunks():
        for place, value in enumerate(chunk.values):
            reason = value.get(REASON_COLUMN) if isinstance(value, dict) else None
            yield chunk.first_index + place, key_in(reason) if isinstance(reason, str) else None
