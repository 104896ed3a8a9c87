"""Headers: which are accepted, and how the others are explained. Not here: records."""

import gzip
import io

import pytest

from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets_tests.reading import COMMA, PIPE, Read, read, small_blocks


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b'"a","b"\n1,2\n',
        b"b,a\n2,1\n",
        b'\xef\xbb\xbf"b",a\r\n2,1',
    ],
    ids=["plain", "BOM", "CRLF", "quoted", "another order", "all at once"],
)
@pytest.mark.parametrize("size", [4, 1 << 20])
def test_header_with_the_contracts_columns_is_read_by_name(data: bytes, size: int) -> None:
    with small_blocks(size, 4):
        assert read(data).rows == [(2, "1", "2")]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n", b"\r\n\r\n", b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n"])
def test_file_without_data_rows_has_no_records(data: bytes) -> None:
    assert read(data) == Read([], [], 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a\n1\n", "missing b"),
        (b"a,b,c\n1,2,3\n", "not expected c"),
        (b"a,a,b\n1,2,3\n", "twice a"),
        (b"a,a\n1,2\n", "missing b; twice a"),
        (b"A,b\n1,2\n", "missing a; not expected A"),
        (b"1,2\n3,4\n", "missing a, b; not expected 1, 2"),
        (b"a;b\n1;2\n", "missing a, b; not expected a;b"),
        (b'"a,b\n1,2\n', "missing a, b"),
        (b"\na,b\n1,2\n", "missing a, b"),
        (b"\xff,b\n", "missing a; not expected \\xff"),
        (b"a\0,b\n1,2\n", "missing a; not expected a\\x00"),
    ],
)
def test_other_header_makes_the_file_unreadable_and_says_what_differs(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(data)
    assert (caught.value.anomaly, caught.value.line) == ("unknown_header", 1)
    assert reason in caught.value.reason
    assert caught.value.reason.endswith("expected a,b")


def test_unknown_header_keeps_the_line_as_delivered() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(b"x,y\r\n1,2\r\n")
    assert caught.value.raw_text == "x,y"


def test_first_line_without_end_is_too_long_for_a_header() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(b"a,b" + b"x" * 2_100_000)
    assert (caught.value.anomaly, caught.value.line) == ("unknown_header", 1)
    assert "too long" in caught.value.reason


def test_header_with_a_quoted_newline_shifts_the_first_line() -> None:
    (block,) = DelimitedReader(io.BytesIO(b'a,"b\nc"\n1,2\n'), COMMA, ["a", "b\nc"]).blocks()
    assert block.frame.rows() == [(3, "1", "2")]


def test_pipe_dialect_has_its_own_delimiter_in_the_header() -> None:
    assert read(b"a|b\n1|2\n", dialect=PIPE).rows == [(2, "1", "2")]


def test_header_of_a_compressed_file_is_read_the_same_way() -> None:
    stream = FileStream(io.BufferedReader(io.BytesIO(gzip.compress(b"b,a\n2,1\n"))), "x.csv.gz")
    (block,) = DelimitedReader(stream, COMMA, ["a", "b"]).blocks()
    assert block.frame.rows() == [(2, "1", "2")]
