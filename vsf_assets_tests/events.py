"""Files of events for tests: a test gives the few columns it is about, the others are empty.

Here: records and files of raw.events. Not here: which events a test needs, and any expected value.
"""

import gzip

from vsf_assets.contracts import get_table

COLUMNS = list(get_table("raw.events").schema.columns)


def event(uuid: str, time: str, properties: str | None = None, **fields: str) -> str:
    """Return an event's record.

    Args:
        uuid: its id.
        time: when it was, as the files write it.
        properties: JSON; None leaves the column empty.
        **fields: other columns; the type is `app_open` where none is given.
    """
    given = {"uuid": uuid, "event_time": time, "event_type": "app_open", **fields}
    assert given.keys() <= set(COLUMNS)
    if properties is not None:
        escaped = properties.replace("\\", "\\\\").replace('"', '\\"')
        given["event_properties"] = f'"{escaped}"'
    return "|".join(given.get(name, "") for name in COLUMNS)


def event_text(*records: str) -> bytes:
    """Return a file of these records, not packed."""
    return "\n".join(["|".join(COLUMNS), *records, ""]).encode()


def event_file(*records: str) -> bytes:
    """Return a gzip file of these records."""
    return gzip.compress(event_text(*records), mtime=0)
