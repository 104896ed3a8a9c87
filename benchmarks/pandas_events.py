"""The ingest of an event file as a straightforward pandas script: read, type, write Parquet.

Here: what one would write without checks: no digest, no line numbers, one bad cell stops it. Not here: the
comparison (events.py).
"""

from pathlib import Path

import pandas as pd

TIMES = ["event_time", "client_event_time", "client_upload_time", "server_upload_time"]
WHOLE = ["app", "event_id", "session_id"]
DEGREES = ["location_lat", "location_lng"]


def to_parquet(source: Path, target: Path, engine: str = "c") -> None:
    """Read an event file, give every column its type, and write it.

    Args:
        source: the file as delivered.
        target: the Parquet file.
        engine: pandas' parser; `pyarrow` uses every core.
    """
    header = pd.read_csv(source, sep="|", nrows=0)
    types = {
        **dict.fromkeys(header.columns, "str"),
        **dict.fromkeys(WHOLE, "Int64"),
        **dict.fromkeys(DEGREES, "float64"),
    }
    frame = pd.read_csv(
        source,
        sep="|",
        escapechar="\\",
        doublequote=False,
        dtype=types,
        keep_default_na=False,
        na_values=[""],
        engine=engine,
    )
    for column in TIMES:
        frame[column] = pd.to_datetime(frame[column], format="%Y-%m-%d %H:%M:%S.%f")
    frame.to_parquet(target, index=False)
