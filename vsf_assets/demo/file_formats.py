"""Writes the demo's files as text: CSV, pipe-delimited, gzip.

Here: the conversion of rows to bytes for each feed. Not here: the rows.
"""

import json
import zlib
from collections.abc import Iterable, Mapping

COLUMNS = (
    *("mdn", "app", "amplitude_id", "device_id", "user_id", "event_time", "client_event_time", "client_upload_time"),
    *("server_upload_time", "event_id", "session_id", "event_type", "amplitude_event_type", "version_name", "os_name"),
    *("os_version", "device_brand", "device_manufacturer", "device_model", "device_carrier", "country", "language"),
    *("location_lat", "location_lng", "ip_address", "event_properties", "user_properties", "region", "city", "dma"),
    *("device_family", "device_type", "platform", "uuid", "paying", "start_version", "user_creation_time", "library"),
    *("idfa", "adid"),
)
"""The columns of an event file, in order."""

AT = {name: place for place, name in enumerate(COLUMNS)}
"""Column -> its index in a row of fields."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def csv_file(header: str, rows: Iterable[str]) -> bytes:
    """Return a file from a header and rows that are already lines."""
    return "\n".join([header, *rows, ""]).encode()


def json_field(values: Mapping[str, object]) -> str:
    """Return an object as a field of an event file: quoted JSON, with special characters escaped by backslashes."""
    return '"' + _json(values).replace("\\", "\\\\").replace('"', '\\"') + '"'


def events_file(rows: Iterable[list[str]]) -> bytes:
    """Return an event file, compressed with gzip, from rows of fields."""
    return gzip_file(csv_file("|".join(COLUMNS), ["|".join(row) for row in rows]))


def gzip_file(content: bytes) -> bytes:
    """Compress with a fixed header (no time, name or system); gzip modules of other Python versions write others."""
    squeeze = zlib.compressobj(4, zlib.DEFLATED, -zlib.MAX_WBITS)
    sums = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + squeeze.compress(content) + squeeze.flush() + sums
