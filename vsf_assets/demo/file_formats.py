"""Writes the demo's files as text: CSV, pipe-delimited, gzip.

Here: rows to bytes, as each feed has it. Not here: what is in the rows.
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
"""The columns of a file of events, in order."""

AT = {name: place for place, name in enumerate(COLUMNS)}
"""Column -> its place in a row of fields."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def csv_file(header: str, rows: Iterable[str]) -> bytes:
    """Return a file of a header and rows, all of them lines already."""
    return "\n".join([header, *rows, ""]).encode()


def json_field(values: Mapping[str, object]) -> str:
    """Return an object as a field of events: JSON in quotes, with a backslash before what must stay."""
    return '"' + _json(values).replace("\\", "\\\\").replace('"', '\\"') + '"'


def events_file(rows: Iterable[list[str]]) -> bytes:
    """Return a gzip file of events from rows of fields."""
    return gzip_file(csv_file("|".join(COLUMNS), ["|".join(row) for row in rows]))


def gzip_file(content: bytes) -> bytes:
    """Return gzip without time, name or system: the gzip module of another Python writes another header."""
    squeeze = zlib.compressobj(4, zlib.DEFLATED, -zlib.MAX_WBITS)
    sums = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + squeeze.compress(content) + squeeze.flush() + sums
