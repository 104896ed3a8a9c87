"""Files of bad rows: records byte by byte with their reasons, and the same file sent again.

Not here: which rows are bad (test_checking.py), and the way of a file through the platform.
"""

import io
import json

import pytest

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.common.reason_column import RowKey, key_in, reason_cell
from vsf_assets.readers.delimited import bad_records
from vsf_assets.readers.delimited.bad_records import copy_bad_records, row_keys
from vsf_assets.readers.json.bad_records import copy_bad_elements, element_keys
from vsf_assets_tests.reading import COMMA, PIPE, read
from vsf_assets_tests.records import read as read_records

SHA = "0123456789abcdef" * 4
KEY = "[0123456789ab:{}]"


def copied(data: bytes, *lines: int, dialect: Delimited = COMMA, reason: str = "r") -> bytes:
    """Return the copy of the records on some lines."""
    target = io.BytesIO()
    reasons = [(line, reason_cell(line, reason, SHA)) for line in lines]
    count = copy_bad_records(io.BytesIO(data), dialect, ["a", "b"], reasons, target)
    assert count == len(lines)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "line", "header", "record", "end"),
    [
        (b"a,b\n1,2\n3,4\n", 3, b"a,b", b"3,4", b"\n"),
        (b"a,b\r\n1,2\r\n3,4\r\n", 2, b"a,b", b"1,2", b"\r\n"),
        (b"\xef\xbb\xbfb,a\n1,2\n", 2, b"\xef\xbb\xbfb,a", b"1,2", b"\n"),
        (b'"a","b"\n1,2\n"3\n4",5', 3, b'"a","b"', b'"3\n4",5', b"\n"),
        (b"a,b\n1,2\n3\n", 3, b"a,b", b"3", b"\n"),
        (b"a,b\n1,2,3\n", 2, b"a,b", b"1,2,3", b"\n"),
        (b"a,b\n\n\n\xe4,\x00\n", 4, b"a,b", b"\xe4,\x00", b"\n"),
        (b'a,b\n1,"2\n3,4\n', 2, b"a,b", b'1,"2', b"\n"),
    ],
    ids=["plain", "CRLF", "BOM and order", "quoted newline", "short", "long", "no text", "open quote"],
)
@pytest.mark.parametrize("step", [3, 1 << 20])
def test_records_are_copied_as_they_are(
    data: bytes, line: int, header: bytes, record: bytes, end: bytes, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bad_records, "STEP", step)
    cell = f'"line {line}: r {KEY.format(line)}"'.encode()
    assert copied(data, line) == header + b",vsf_reason" + end + record + b"," + cell + end


def test_escapes_and_separators_are_those_of_the_file() -> None:
    data = b'a|b\nx\\|y|"z\\"\n"\nu|v\n'
    assert copied(data, 2, dialect=PIPE, reason='a "b" \\ ä') == (
        b'a|b|vsf_reason\nx\\|y|"z\\"\n"|"line 2: a \\"b\\" \\\\ \\\\xe4 ' + KEY.format(2).encode() + b'"\n'
    )


def test_long_line_is_copied_whole() -> None:
    line = b"1," + b"x" * 5_000_000
    assert copied(b"a,b\n" + line + b"\n3,4\n", 2, 3).split(b"\n")[1].startswith(line + b',"line 2: r')


def test_mended_file_is_loaded_with_its_reasons_and_without() -> None:
    sent = copied(b"a,b\n1,2\n3\n4,5\n", 3, 4)
    mended = sent.replace(b"3,", b"3,9,")
    assert read(mended).rows == [(2, "3", "9"), (3, "4", "5")]
    assert dict(row_keys(io.BytesIO(mended), COMMA, ["a", "b"])) == {
        2: RowKey(SHA[:12], 3),
        3: RowKey(SHA[:12], 4),
    }
    assert list(row_keys(io.BytesIO(b"a,b\n1,2\n"), COMMA, ["a", "b"])) == []
    bad = copied(b'a,b\n1,2,3\n4\n"5\n', 2, 3, 4)
    assert [key and key.line for _, key in row_keys(io.BytesIO(bad), COMMA, ["a", "b"])] == [2, 3, 4]


def test_bad_rows_that_are_sent_unchanged_are_bad_again() -> None:
    data = b'a,b\n1\n1,2,3\n"4,5\n6"7,8\n9,"x\n'
    sent = copied(data, 2, 3, 4, 6)
    found = read(sent)
    assert found.rows == []
    assert [(bad.line, bad.anomaly) for bad in found.bad] == [
        (2, "missing_fields"),
        (3, "extra_fields"),
        (4, "unbalanced_quote"),
        (5, "unbalanced_quote"),
    ]


def test_reason_is_replaced_where_a_mended_row_is_bad_again() -> None:
    first = copied(b"a,b\n1\n\xff,2\n3,4\n", 2, 3, 4)
    spreadsheet = first.replace(b'"line 4', b"line 4").replace(b':4]"', b":4]")
    again = copied(spreadsheet, 2, 3, 4)
    assert again == b"a,b,vsf_reason\n" + b"".join(
        row + f',"line {line}: r {KEY.format(line)}"\n'.encode()
        for row, line in ((b"1", 2), (b"\xff,2", 3), (b"3,4", 4))
    )
    own = b'a,b,vsf_reason\n1,"2,2","mended, by me"\n'
    assert copied(own, 2) == f'a,b,vsf_reason\n1,"2,2","line 2: r {KEY.format(2)}"\n'.encode()


def test_reason_column_stands_last_and_once() -> None:
    for header in (b"a,vsf_reason,b", b"a,b,vsf_reason,vsf_reason", b"a,vsf_reason"):
        with pytest.raises(UnreadableError):
            read(header + b"\n1,2,3\n")


def test_key_is_found_at_the_end_of_a_cell_alone() -> None:
    assert key_in(reason_cell(17, "x [ffffffffffff:1]", SHA)) == RowKey(SHA[:12], 17)
    assert key_in("line 17: nothing") is None
    assert reason_cell(1, "=cmd|' /C calc'!A0\n\u202e", SHA).isascii()


SONG = '{"type": "song", "data": {"artist_name": "Ä", "title": "T", "year": %s, "release": "R"}}'


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_json_records_are_copied_as_they_are(encoding: str) -> None:
    data = f"[{SONG % 1999} , {SONG % '1e400'},\n 5, {SONG % 2001}]".encode(encoding)
    target = io.BytesIO()
    reasons = [(index, reason_cell(index, "r", SHA)) for index in (1, 2)]
    assert copy_bad_elements(io.BytesIO(data), encoding, reasons, target) == 2
    text = target.getvalue().decode(encoding)
    inside = (SONG % "1e400")[:-1]
    assert f"{inside}, " in text
    records = json.loads(text)
    assert [record["vsf_reason"] for record in records] == [cell for _, cell in reasons]
    assert records[1]["data"] == 5


def test_mended_json_records_are_loaded_with_their_reasons() -> None:
    target = io.BytesIO()
    data = f"[{SONG % 1999}, {SONG % json.dumps('x')}]".encode()
    copy_bad_elements(io.BytesIO(data), "utf-8", [(1, reason_cell(1, "r", SHA))], target)
    assert read_records(target.getvalue()).bad == [0]
    mended = target.getvalue().replace(b'"x"', b"2001")
    assert read_records(mended).rows == [("raw.songs", 0, "Ä", "T", 2001, "R")]
    assert list(element_keys(io.BytesIO(mended), "utf-8")) == [(0, RowKey(SHA[:12], 1))]
    again = io.BytesIO()
    copy_bad_elements(io.BytesIO(mended), "utf-8", [(0, reason_cell(0, "new", SHA))], again)
    (record,) = json.loads(again.getvalue())
    assert record["vsf_reason"] == reason_cell(0, "new", SHA)
    assert again.getvalue().count(b"vsf_reason") == 1
