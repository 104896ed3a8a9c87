"""Judges of delimited text: the fast and the exact parser, many and single rows, header and row, blank rows.

Here: generators of edge values and properties. Not here: a reference parser (reading.py), single values (values.py).
"""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from vsf_assets.contracts import get_table
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.delimited import reader as delimited
from vsf_assets.readers.delimited.exact_parser import is_blank, parse_record
from vsf_assets.readers.delimited.fast_parser import parse_block
from vsf_assets.readers.delimited.header import find_header
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets.readers.dispatch import integer_columns
from vsf_assets_tests.blocks import check_block
from vsf_assets_tests.datasets import DATAPOINTS
from vsf_assets_tests.reading import COMMA, PIPE

EDGES = [
    "\n",
    "\r\n",
    "\r\r\n",
    "\r",
    '"',
    '""',
    "\\",
    "\\\n",
    "\\\r\n",
    "\0",
    " ",
    "\t",
    "\u00a0",
    "\ufeff",
    "\u200b",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "a",
    "b",
    "1",
    "é",
    ",",
    "|",
    ";",
]
DIALECTS = {",": COMMA, "|": PIPE}


def bodies(delimiter: str) -> st.SearchStrategy[bytes]:
    """Rows below a header of three columns, regular ones among noise."""
    field = st.lists(st.sampled_from(EDGES), max_size=3).map("".join)
    quoted = field.map(lambda text: '"' + text.replace('"', "").replace("\\", "") + '"')
    plain = st.sampled_from(["", "a", " ", "x y", "12", "é", "a\u00a0", "\ufeff"])
    row = st.lists(st.one_of(plain, plain, quoted, field), min_size=2, max_size=4).map(delimiter.join)
    end = st.sampled_from(["\n", "\n", "\r\n", "\r\r\n", "\r\r\r\n"])
    rows = st.lists(st.tuples(row, end).map("".join), max_size=8).map("".join)
    return st.tuples(rows, st.sampled_from(["", "a", f"a{delimiter}b{delimiter}c\r"])).map(
        lambda parts: "".join(parts).encode()
    )


def everything(data: bytes, dialect: Delimited, columns: list[str]) -> list[Any]:
    """Return rows, bad records and the number of blank ones, in the order of lines."""
    blocks = list(DelimitedReader(io.BytesIO(data), dialect, columns).blocks())
    rows = [(row[0], *("" if v is None else v for v in row[1:])) for b in blocks for row in b.frame.rows()]
    bad = [(r.line, r.problem.anomaly, r.column or "", r.problem.reason, r.text) for b in blocks for r in b.bad]
    return [sorted(rows), sorted(bad), sum(b.blank for b in blocks)]


def fast_and_exact(delimiter: str) -> Callable[[bytes], None]:
    """Return the property: a file read as usual and one whose blocks are never proven give the same."""
    dialect, columns = DIALECTS[delimiter], ["a", "b", "c"]

    def agree(body: bytes) -> None:
        data = delimiter.join(columns).encode() + b"\n" + body
        usual = everything(data, dialect, columns)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "parse_block", lambda *_: None)
            assert everything(data, dialect, columns) == usual

    return agree


numbers = st.lists(
    st.lists(
        st.sampled_from(
            [
                "1",
                "+1",
                "-0",
                "007",
                " 1",
                "1 ",
                "\t1",
                "1\x0b",
                "1_0",
                "0x1",
                "٣",
                "1.0",
                "1e3",
                "",
                " ",
                "\u00a01",
                str(2**63 - 1),
                str(2**63),
                "-",
                "+",
                "1\r",
                "nan",
            ]
        ),
        min_size=2,
        max_size=2,
    ),
    min_size=1,
    max_size=6,
)


def at_once_and_cast(rows: list[list[str]]) -> None:
    """Check that columns parsed as integers hold what the same columns read as text and cast hold."""
    _typed_and_text("raw.impressions", rows)
    _typed_and_text("raw.conversions", [[*row, row[0]] for row in rows])


def _typed_and_text(name: str, rows: list[list[str]]) -> None:
    table = get_table(name)
    names, integers = list(table.schema.columns), integer_columns(table, COMMA)
    assert len(integers) == 2
    data = ",".join(names).encode() + b"\n" + "".join(f"{','.join(row)}\n" for row in rows).encode()
    found = []
    for typed in (integers, ()):
        reader = DelimitedReader(io.BytesIO(data), COMMA, names, typed)
        checked = [check_block(block, table, COMMA) for block in reader.blocks()]
        named = ("line_number", "anomaly", "column_name", "raw_value", "raw_text", "reason")
        valid = sorted(row for c in checked for row in c.valid.rows())
        found.append((valid, sorted((row for c in checked for row in c.findings.select(named).rows()), key=str)))
    assert found[0] == found[1]


_LINE = st.lists(
    st.sampled_from(["a", "b", " ", *",,,;;|", '"', "\r", "\r\r", "\0", "é", "\ufeff", "\u00a0", "NULL", "TRUE"]),
    max_size=16,
)
dictionaries = st.tuples(st.sampled_from(["", ",", ",,"]), st.lists(_LINE.map("".join), max_size=20))


def many_and_single(file: tuple[str, list[str]]) -> None:
    """Check that the vectorized repair of dictionary rows gives the same rows as the repair one by one."""
    empty, lines = file
    data = (",".join(DATAPOINTS) + empty + "\n" + "\n".join(lines) + "\n").encode()
    table, reading = get_table("raw.datapoints"), all_feeds()["datasets"].reading
    assert isinstance(reading, Delimited)
    found = []
    for few in (1, 1_000_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vsf_assets.readers.delimited.lenient_batch.FEW", few)
            blocks = list(DelimitedReader(io.BytesIO(data), reading, list(table.schema.columns)).blocks())
            checked = [check_block(block, table, reading) for block in blocks]
        rows = [repr(row) for c in checked for row in (*c.valid.rows(), *c.findings.rows())]
        found.append((sorted(rows), sum(block.blank for block in blocks)))
    assert found[0] == found[1]


header_fields = st.lists(
    st.lists(st.sampled_from([*EDGES, "x", "column"]), min_size=1, max_size=3).map("".join),
    min_size=2,
    max_size=2,
    unique=True,
)


def header_and_row(fields: list[str]) -> None:
    """Check that a header is cut into the names that a row with the same bytes is cut into, or both are refused."""
    for dialect in (COMMA, PIPE):
        line = dialect.delimiter.join(fields).encode() + b"\n"
        row = parse_record(line, 0, dialect)
        if row.fields is None or is_blank(line, dialect):
            continue
        texts = [field.decode() for field in row.fields]
        if "\0" in "".join(texts) or len(set(texts)) < len(texts):
            continue
        header = find_header(line, dialect, texts)
        assert (header.names, header.end) == (texts, row.end)
        with pytest.raises(UnreadableError):
            find_header(line, dialect, [*texts[:-1], texts[-1] + "x"])


blanks = st.lists(
    st.lists(st.sampled_from([" ", ",", "\r", "\t", '""', "\u00a0", "x", "\\"]), max_size=5).map("".join), max_size=8
)


def blank_in_both(lines: list[str]) -> None:
    """Check that the fast parser sets aside exactly the rows that the exact one calls blank, among others."""
    body = "".join(f"{line}\n" for line in ["1,2,3", *lines, "4,5,6"]).encode()
    proven = parse_block(body, 1, COMMA, ["a", "b", "c"])
    expected = {n for n, line in enumerate(body.split(b"\n")[:-1], 1) if not line.strip(b" ,\r")}
    if proven is not None:
        assert proven.blank == len(expected)
        assert expected.isdisjoint(line for line, _ in proven.irregular)
        assert expected.isdisjoint(proven.frame["_line"].to_list())
    assert everything(b"a,b,c\n" + body, COMMA, ["a", "b", "c"])[2] == len(expected)
