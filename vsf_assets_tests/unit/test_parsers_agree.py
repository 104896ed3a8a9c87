"""The reader against a byte-by-byte reference: same rows, lines and findings for any text.

Here: properties over random text, both dialects, any size of block and of the longest record. Not
here: named defects (test_delimited_*.py).
"""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.delimited import fast_parser
from vsf_assets_tests.reading import COMMA, PIPE, read, reference, small_blocks

ODDITIES = [b'"', b"\\", b"\n", b"\r\n", b"\r", b"\0", b" ", b"\xff", b"\x01", b"\x02", b'""', b'\\"', b"\\\\", b"\\\n"]
LETTERS = [b"a", b"1", b"22", "é€😀".encode(), "\ufeff".encode(), b",", b"|"]
dialects = st.sampled_from([COMMA, PIPE])


def regular_field(dialect: Delimited) -> st.SearchStrategy[bytes]:
    escaped_quote = b'\\"' if dialect.escape else b'""'
    others = [b"\\\\", b'\\\\\\"'] if dialect.escape else []
    inside = st.sampled_from([b"a", b"\n", b"\r\n", b",", b"|", escaped_quote, "é".encode(), *others])
    quoted = st.lists(inside, max_size=4).map(lambda parts: b'"' + b"".join(parts) + b'"')
    bare = [b"a", b"12", b"", b" ", "é€".encode(), "\ufeff3".encode(), *(b"a" + other for other in others)]
    return st.one_of(quoted, st.sampled_from(bare))


@st.composite
def texts(draw: st.DrawFn, dialect: Delimited, width: int = 2) -> bytes:
    """Mix regular records with noise, so that both parsers get something to do."""
    fields = st.lists(regular_field(dialect), min_size=width, max_size=width)
    record = fields.map(lambda parts: dialect.delimiter.encode().join(parts) + b"\n")
    noise = st.lists(st.sampled_from(ODDITIES + LETTERS), max_size=6).map(b"".join)
    return b"".join(draw(st.lists(st.one_of(record, record, noise), max_size=12)))


def header(dialect: Delimited, width: int) -> bytes:
    return dialect.delimiter.join("abc"[:width]).encode() + b"\n"


@examples(max_examples=200)
@given(st.data(), dialects, st.sampled_from([8, 40, 10_000]), st.sampled_from([4, 16]))
def test_reader_and_reference_agree_on_any_text(data, dialect, big, small):
    body = data.draw(texts(dialect))
    with small_blocks(big, small):
        assert read(header(dialect, 2) + body, "a b", dialect) == sorted_read(body, 2, dialect)


@examples(max_examples=200)
@given(st.data(), dialects, st.integers(8, 40), st.sampled_from([4, 16]))
def test_reader_and_reference_agree_on_records_that_are_too_long(data, dialect, longest, small):
    body = data.draw(texts(dialect))
    with small_blocks(64, small, longest):
        found = read(header(dialect, 2) + body, "a b", dialect)
    assert found == sorted_read(body, 2, dialect, longest)


@examples(max_examples=120)
@given(st.data(), dialects, st.sampled_from([1, 1000]))
def test_fast_path_takes_only_what_it_reads_as_the_reference_does(data, dialect, many_dropped):
    body = data.draw(texts(dialect, width=3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_parser, "MANY_DROPPED", many_dropped)  # with 1 no block has many
        proven = fast_parser.parse_block(body, 2, dialect, ["a", "b", "c"])
    if proven is None:
        return
    expected = reference(body[: proven.consumed], 3, dialect, line=2)
    rows = [(row[0], *("" if v is None else v for v in row[1:])) for row in proven.frame.rows()]
    irregular = dict(proven.irregular)
    assert rows == [row for row in expected.rows if row[0] not in irregular]
    assert {bad.line for bad in expected.bad} <= irregular.keys()
    assert proven.newlines == body[: proven.consumed].count(b"\n")


def sorted_read(body: bytes, width: int, dialect: Delimited, longest: int = 2_000_000):
    expected = reference(body, width, dialect, line=2, longest=longest)
    return expected._replace(rows=sorted(expected.rows), bad=sorted(expected.bad))


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
rows_of_cells = st.lists(st.tuples(cells, cells, cells), max_size=20)


@examples(max_examples=120)
@given(rows_of_cells, st.sampled_from(["\n", "\r\n"]), st.sampled_from([16, 1 << 20]), st.booleans())
def test_what_csv_writer_writes_comes_back_with_its_lines(rows, line_end, big, quote_all):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    expected, blank = [], 0
    writer.writerow(["a", "b", "c"])
    for row in rows:
        if not quote_all:  # before Python 3.13 the writer leaves a lone CR without quotes
            row = tuple(cell.replace("\r", "") for cell in row)
        if quote_all or "".join(row).strip(" "):
            expected.append((out.getvalue().count("\n") + 1, *row))
        else:
            blank += 1
        writer.writerow(row)
    with small_blocks(big, 8):
        assert read(out.getvalue().encode(), "a b c") == (expected, [], blank)
