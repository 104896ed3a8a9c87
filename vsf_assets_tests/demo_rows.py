"""What the demo's files of mobile analytics hold, read with the standard library alone.

Here: the rows, and the events that count by the rules of the feed, as a second opinion to the
platform. Not here: assertions.
"""

import csv
import gzip
import io
import json
from datetime import datetime

Row = dict[str, str]


def rows_of(files: dict[str, bytes], folder: str) -> list[tuple[str, Row]]:
    """Return (path, row) of every whole file of a feed, in the order of landing; a short row lacks names."""
    found = []
    for path, content in files.items():
        if not path.startswith(f"{folder}/"):
            continue
        if folder != "events":
            reader = csv.DictReader(io.StringIO(content.decode()))
        else:
            try:
                text = gzip.decompress(content).decode()
            except EOFError:
                continue
            reader = csv.DictReader(io.StringIO(text), delimiter="|", escapechar="\\", doublequote=False)
        found += [(path, {name: value for name, value in row.items() if value is not None}) for row in reader]
    return found


def is_good(row: Row) -> bool:
    """Whether a row of events keeps its contract."""
    try:
        datetime.strptime(row["event_time"], "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007 - only whether it parses
        texts = [row["event_properties"], row["user_properties"]]
        objects = all(isinstance(json.loads(text), dict) for text in texts)
    except ValueError:
        return False
    mdn_holds = row["mdn"] == "" or (len(row["mdn"]) == 10 and row["mdn"].isdecimal())
    return objects and mdn_holds and len(row) == 40 and row["uuid"] != ""


def counting_events(files: dict[str, bytes]) -> list[tuple[str, Row]]:
    """Return (path, row) of the good events, the first delivery of each."""
    firsts: dict[tuple[str, str], tuple[str, Row]] = {}
    for path, row in rows_of(files, "events"):
        if is_good(row):
            firsts.setdefault((row["uuid"], row["event_time"][:10]), (path, row))
    return list(firsts.values())
