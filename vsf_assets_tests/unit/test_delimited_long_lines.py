"""Lines and records beyond 2 MB: set aside alone, shown in part, never held in memory as a whole.

Here: the limit at its real size, and at small sizes where exact borders matter. Not here: peak
memory (engine/test_memory.py).
"""

import pytest

from vsf_assets_tests.reading import PIPE, SHOWN, Bad, read, small_blocks

MEGA = 1_000_000


def test_line_of_two_megabytes_is_read() -> None:
    value = b"x" * (2 * MEGA - len(b",2\n"))
    found = read(b"a,b\n" + value + b",2\n3,4\n")
    assert found.rows == [(2, value.decode(), "2"), (3, "3", "4")]


@pytest.mark.parametrize("size", [2 * MEGA - 2, 5 * MEGA, 40 * MEGA], ids=["one byte more", "5 MB", "40 MB"])
def test_longer_line_is_set_aside_alone_and_its_start_is_shown(size: int) -> None:
    found = read(b"a,b\n1,2\n" + b"x" * size + b",2\n3,4\n")
    assert found.rows == [(2, "1", "2"), (4, "3", "4")]
    assert found.bad == [Bad(3, "line_too_long", "x" * 65_536)]


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no newline", "newline"])
def test_long_last_line_is_set_aside(end: bytes) -> None:
    found = read(b"a,b\n1,2\n" + b"x" * 3 * MEGA + end)
    assert found.rows == [(2, "1", "2")]
    assert [bad[:2] for bad in found.bad] == [(3, "line_too_long")]


def test_quote_open_for_two_megabytes_spoils_the_line_where_it_opened_alone() -> None:
    filler = b"5,6\n" * 600_000
    found = read(b'a,b\n1,"open\n' + filler + b'7,"8"\n')
    assert found.bad == [Bad(2, "unbalanced_quote", '1,"open')]
    assert len(found.rows) == 600_001
    assert (found.rows[0], found.rows[-1]) == ((3, "5", "6"), (600_003, "7", "8"))


def test_quoted_text_of_many_lines_below_the_limit_is_read() -> None:
    text = b"line\n" * 300_000
    found = read(b'a,b\n1,"' + text + b'"\n3,4\n')
    assert found.rows == [(2, "1", text.decode()), (300_003, "3", "4")]


@pytest.mark.parametrize("small", [1, 7, 64])
def test_record_that_grows_too_long_over_several_lines_spoils_its_first_line(small: int) -> None:
    with small_blocks(64, small, longest=20):
        found = read(b'a,b\n"1\n2\n3",' + b"x" * 15 + b"\n8,9\n")
    assert found.bad == [Bad(2, "line_too_long", '"1'), Bad(3, "missing_fields", "2")]
    assert found.rows == [(4, '3"', "x" * 15), (5, "8", "9")]


@pytest.mark.parametrize("small", [1, 7, 64])
def test_open_quote_on_a_line_that_is_too_long_itself_loses_no_line(small: int) -> None:
    with small_blocks(64, small, longest=20):
        found = read(b'a,b\n"1\n2","' + b"x" * 50 + b"\n8,9\n")
    assert found.bad == [
        Bad(2, "unbalanced_quote", '"1'),
        Bad(3, "line_too_long", ('2","' + "x" * 50)[:SHOWN]),
    ]
    assert found.rows == [(4, "8", "9")]


@pytest.mark.parametrize("small", [1, 7, 64])
def test_escaped_newlines_do_not_carry_a_record_beyond_the_limit(small: int) -> None:
    with small_blocks(64, small, longest=20):
        found = read(b"a|b\n1|" + b"x\\\n" * 30 + b"\n8|9\n", dialect=PIPE)
    assert found.bad[0] == Bad(2, "line_too_long", "1|x\\")
    assert found.rows[-1] == (33, "8", "9")
