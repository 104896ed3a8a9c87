r"""The pipe dialect: quotes around fields, a backslash in front of what is meant literally.

Here: `\"`, `\\`, `\|` and escaped newlines, inside and outside quotes. Not here: defects that both
dialects share (test_delimited_defects.py).
"""

import io
import json
import time

import pytest

from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets_tests.reading import PIPE, Bad, read, small_blocks

HEADER = b"a|b\n"


@pytest.fixture(params=[(1 << 20, 1 << 16), (16, 8), (5, 3)], ids=["one block", "small", "tiny"], autouse=True)
def blocks(request: pytest.FixtureRequest):
    with small_blocks(*request.param):
        yield


@pytest.mark.parametrize(
    ("body", "row"),
    [
        (rb'1|"{\"k\":97}"', ("1", '{"k":97}')),
        (rb'"x\\"|2', ("x\\", "2")),
        (rb'"x\\\"y"|2', ('x\\"y', "2")),
        (rb"x\|y|2", ("x|y", "2")),
        (rb'"x|y"|2', ("x|y", "2")),
        (rb'"x\|y"|2', ("x|y", "2")),
        (rb"\"x|2", ('"x', "2")),
        (rb"x\\|2", ("x\\", "2")),
        (rb'"\n"|2', ("n", "2")),
        (b'"x\ny"|2', ("x\ny", "2")),
        (b'"x\\\ny"|2', ("x\ny", "2")),
        (b"x\\\ny|2", ("x\ny", "2")),
        (b"1|y\\\n", ("1", "y\n")),
        (b"1|y\\\r\n", ("1", "y\r\n")),
        (b"1\\\r\n|y", ("1\r\n", "y")),
        (b"1\\\r|y", ("1\r", "y")),
        (b"1\\\r\r\n|y", ("1\r\r\n", "y")),
        (b'""|""', ("", "")),
    ],
)
def test_backslash_makes_the_next_byte_literal(body: bytes, row: tuple[str, str]) -> None:
    found = read(HEADER + body + b"\n3|4\n", dialect=PIPE)
    line_behind = 3 + body.count(b"\n")
    assert found.rows == [(2, *row), (line_behind, "3", "4")]
    assert found.bad == []


def test_json_with_every_kind_of_value_survives() -> None:
    value = {"k": 97, "t": "2019-05-20T03:46:02Z", "text": 'a "quoted" \\ word, with | and\ttab', "n": {"x": [1]}}
    text = json.dumps(value)
    cell = text.replace("\\", "\\\\").replace('"', '\\"')
    ((_, _, found),) = read(HEADER + f'1|"{cell}"\n'.encode(), dialect=PIPE).rows
    assert json.loads(str(found)) == value


def test_doubled_quote_is_not_an_escape_in_this_dialect() -> None:
    found = read(HEADER + b'1|"a""b"\n3|4\n', dialect=PIPE)
    assert found.bad == [Bad(2, "unbalanced_quote", '1|"a""b"')]
    assert found.rows == [(3, "3", "4")]


def test_quote_that_only_an_escaped_one_follows_spoils_its_line_alone() -> None:
    found = read(HEADER + b'1|"a\\"\n3|4\n', dialect=PIPE)
    assert found.bad == [Bad(2, "unbalanced_quote", '1|"a\\"')]
    assert found.rows == [(3, "3", "4")]


def test_control_bytes_that_stand_in_for_escapes_are_data_when_delivered() -> None:
    found = read(HEADER + b'\x01|"\\"\x02"\n3|4\n', dialect=PIPE)
    assert found.rows == [(2, "\x01", '"\x02'), (3, "3", "4")]


def test_short_record_between_escaped_ones_shows_its_text_as_delivered() -> None:
    found = read(HEADER + b'1|"\\"x"\n"\\\\\\""\n3|4\n', dialect=PIPE)
    assert found.bad == [Bad(3, "missing_fields", '"\\\\\\""')]
    assert [row[0] for row in found.rows] == [2, 4]


@pytest.mark.parametrize(
    ("body", "text", "anomaly", "lines"),
    [
        (b"1|2\\\n3|4\n", "1|2\\", "extra_fields", (2, 3)),
        (b"1|2\\\r\n3|4\r\n", "1|2\\", "extra_fields", (2, 3)),
        (b"1\\\n3|4\n", None, None, None),
        (b"1|2|x\\\n3|4\n", "1|2|x\\", "extra_fields", (2, 3)),
        (b'"a\nb"|2\\\n3|4\n', '"a\nb"|2\\', "extra_fields", (3, 4)),
        (b"x\\\n\n3|4\n", "x\\", "missing_fields", (2, 3)),
    ],
    ids=["LF", "CR LF", "a value with a line end", "a long line", "a quoted line end before", "an empty line behind"],
)
def test_line_that_ends_in_a_backslash_is_a_bad_record_alone_and_named_as_the_cause(
    body: bytes, text: str | None, anomaly: str | None, lines: tuple[int, int] | None
) -> None:
    found = read(HEADER + body, dialect=PIPE)
    if text is None or anomaly is None or lines is None:
        assert (found.rows, found.bad) == ([(2, "1\n3", "4")], [])
        return
    assert found.bad == [Bad(2, anomaly, text)]
    assert [row[1:] for row in found.rows] == [("3", "4")]
    (bad,) = [b for block in DelimitedReader(io.BytesIO(HEADER + body), PIPE, ["a", "b"]).blocks() for b in block.bad]
    assert bad.problem.reason.startswith(f"line {lines[0]} ends in a backslash, which makes its line end and line")
    assert bad.problem.reason.endswith(f"Line {lines[1]} is read as a record of its own")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocks", "size"), [((1 << 20, 1 << 16), 1_000), ((5, 3), 200)], ids=["one block", "tiny"], indirect=["blocks"]
)
def test_lines_that_all_end_in_a_backslash_are_bad_one_by_one_in_time_proportional_to_their_bytes(size: int) -> None:
    def seconds(lines: int) -> float:
        started = time.process_time()  # a busy machine takes longer by the clock
        found = read(HEADER + b"1|2\\\n" * lines + b"3|4\n", dialect=PIPE)
        assert (len(found.bad), found.rows) == (lines, [(lines + 2, "3", "4")])
        return time.process_time() - started

    once = min(seconds(size) for _ in range(2))
    # No limit of speed: work in proportion takes 16 times as long, the square 256 times, and a machine may pause.
    assert seconds(16 * size) < 64 * once + 1
