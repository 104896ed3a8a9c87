"""Random datasets with injected defects, and what must be told of them: (file, physical line, kind).

Here: making them, with nothing of the platform. Each row has at most one defect, and what a defect looks like is
decided here by hand. Not here: quotes that are never closed (unit/test_delimited_defects.py).
"""

import csv
import io
from dataclasses import dataclass, field
from random import Random

from vsf_assets_tests.datasets import COLUMNS, DATAPOINTS, NAMESPACES

Reported = tuple[str, int, str]
REQUIRED = {
    "namespaces.csv": NAMESPACES[:2],
    "columns.csv": COLUMNS[:6],
    "datapoints.csv": DATAPOINTS[:2],
}
DEFECTS = {
    "namespaces.csv": ["short", "long", "empty", "no_key", "bytes", "nul", "repeat", "other"],
    "columns.csv": ["short", "long", "empty", "no_key", "bytes", "repeat", "other", "ns-none", "dp-none"],
    "datapoints.csv": ["short", "long", "empty", "no_key", "bytes", "repeat", "other", "maybe"],
}
"""What can be wrong with a row; `repeat` is an equal row or one with its key that stands further down."""

KINDS = {
    "short": "missing_fields",
    "long": "extra_fields",
    "empty": "missing_value",
    "no_key": "missing_value",
    "bytes": "invalid_encoding",
    "nul": "invalid_encoding",
    "ns-none": "unknown_reference",
    "dp-none": "unknown_reference",
    "maybe": "invalid_value",
}
LETTERS = "ab ,;|\n\"é€1='"


@dataclass
class Generated:
    """A dataset: its files, and what must be told of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    reported: set[Reported] = field(default_factory=set)


def make_dataset(seed: int, rows: int = 60, share: float = 0.5) -> Generated:
    """Return a random dataset; `share` of its rows have a defect."""
    random, made = Random(seed), Generated()
    namespaces = [[f"ns-{n}", _text(random, 1), _text(random)] for n in range(rows // 3 + 1)]
    points = [
        [f"dp-{n}", _text(random, 1), *[_text(random) for _ in range(7)], random.choice(["TRUE", "FALSE", ""]), "m"]
        for n in range(rows)
    ]
    columns = [
        [f"c-{n}", random.choice(namespaces)[0], *[_text(random, 1) for _ in range(3)], random.choice(points)[0], "o"]
        for n in range(rows)
    ]
    for name, header, table in (
        ("namespaces.csv", NAMESPACES, namespaces),
        ("columns.csv", COLUMNS, columns),
        ("datapoints.csv", DATAPOINTS, points),
    ):
        # A key that is emptied must not be the one that a row of columns.csv refers to.
        spare = [[f"{table[0][0]}-{n}", *table[n][1:]] for n in range(len(table))]
        made.files[name] = _file(random, made, name, header, table + spare, share, len(table))
    return made


def _text(random: Random, least: int = 0) -> str:
    """Return a random text that is not blank, or an empty one where that may be."""
    length = random.randint(least, 5)
    return "".join(random.choice(LETTERS) for _ in range(length)) + "x" if length else ""


def _file(
    random: Random, made: Generated, name: str, header: tuple[str, ...], table: list[list[str]], share: float, kept: int
) -> bytes:
    delimiter, end = random.choice(",;"), random.choice(["\n", "\r\n"])
    other = ";" if delimiter == "," else ","
    order = [0, *random.sample(range(1, len(header)), len(header) - 1)]
    data = [random.choice([b"", b"\xef\xbb\xbf"]), _line([header[at] for at in order], delimiter, end)]
    line, later = 2, list[tuple[list[str], str]]()
    todo = [(row, random.choice(DEFECTS[name]) if random.random() < share else "") for row in table]
    for number, (given, chosen) in enumerate(todo):
        defect = "" if chosen == "no_key" and number < kept else chosen
        if defect == "repeat":
            changed = [*given[:1], f"{given[1]}!", *given[2:]] if name != "columns.csv" else [*given[:-1], "another"]
            later.append(random.choice([(given, "duplicate_row"), (changed, "duplicate_key")]))
        values = [_with_defect(defect, name, header, given)[at] for at in order]
        if defect == "short":
            values = values[: random.randint(1, len(values) - 1)]
        if defect == "long":
            values.append(_text(random))
        raw = _line(values, other if defect == "other" else delimiter, end)
        raw = raw.replace(b"BYTES", b"\xfe\xff").replace(b"NUL", b"a\0b")
        data.append(raw)
        if defect in KINDS:
            made.reported.add((name, line, KINDS[defect]))
        line += raw.count(b"\n")
    random.shuffle(later)
    for row, kind in later:
        raw = _line([row[at] for at in order], delimiter, end)
        data.append(raw)
        made.reported.add((name, line, kind))
        line += raw.count(b"\n")
    return b"".join(data)


def _with_defect(defect: str, name: str, header: tuple[str, ...], row: list[str]) -> list[str]:
    """Return a row's values with a defect of one value."""
    changes = {
        "empty": (REQUIRED[name][-1], ""),
        "no_key": (header[0], ""),
        "bytes": (header[2], "BYTES"),
        "nul": (header[2], "NUL"),
        "maybe": ("is_derived", "maybe"),
        "ns-none": ("namespace_id", "ns-none"),
        "dp-none": ("data_point_id", "dp-none"),
    }
    column, value = changes.get(defect, ("", ""))
    return [value if field == column else old for field, old in zip(header, row, strict=True)]


def _line(values: list[str], delimiter: str, end: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerow(values)
    return out.getvalue().encode()
