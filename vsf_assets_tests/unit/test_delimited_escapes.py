r"""The pipe dialect: quotes around fields, a backslash in front of what is meant literally.

Here: `\"`, `\\`, `\|` and escaped newlines, inside and outside quotes. Not here: defects that both
dialects share (test_delimited_defects.py).
"""

import json

import pytest

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
        (b"1|y\\\r", ("1", "y\r")),
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
