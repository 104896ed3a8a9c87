"""Every defect of a comma-separated file: its anomaly, its physical line, and what still loads.

Here: named cases with expected values written by hand. Not here: escapes (test_delimited_escapes.py),
length limits (test_delimited_long_lines.py), headers (test_delimited_headers.py), types (test_checking.py).
"""

import pytest

from vsf_assets_tests.reading import Bad, read, small_blocks

HEADER = b"a,b\n"
SIZES = [(1 << 20, 1 << 16), (16, 8), (5, 3)]


@pytest.fixture(params=SIZES, ids=["one block", "small blocks", "tiny blocks"], autouse=True)
def blocks(request: pytest.FixtureRequest):
    with small_blocks(*request.param):
        yield


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"1,2\n3,4\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"1,2\n3,4", [(2, "1", "2"), (3, "3", "4")]),
        (b"1,2\r\n3,4\n5,6\r\n", [(2, "1", "2"), (3, "3", "4"), (4, "5", "6")]),
        (b"1,2\r\n3,4\r", [(2, "1", "2"), (3, "3", "4")]),
        (b'"x\ny",2\n3,4\n', [(2, "x\ny", "2"), (4, "3", "4")]),
        (b'1,"x\r\n\r\ny"\r\n3,4\r\n', [(2, "1", "x\r\n\r\ny"), (5, "3", "4")]),
        (b'"a,b","c""d"\n', [(2, "a,b", 'c"d')]),
        (b'"",""\n', [(2, "", "")]),
        (b'"""",x\n', [(2, '"', "x")]),
        (b'1,"2"', [(2, "1", "2")]),
        (b'1,"x\n', []),
        (b'a"b,c"\n', [(2, 'a"b', 'c"')]),
        (b" 1 , 2 \n", [(2, " 1 ", " 2 ")]),
        (b"1\r2,3\n4,5\n", [(2, "1\r2", "3"), (3, "4", "5")]),
        (b"1,2\r\r\n3,4\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"1,2\r\r\n3,4\r\r\r\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"1,2\r\r\n3,4\r\r", [(2, "1", "2"), (3, "3", "4")]),
        (b'1,"2"\r\r\n3,4\r\n', [(2, "1", "2"), (3, "3", "4")]),
        ("é€,😀\n".encode(), [(2, "é€", "😀")]),
        ("1,2\n\ufeff3,4\n".encode(), [(2, "1", "2"), (3, "\ufeff3", "4")]),
        ("1\n\ufeff3,4\n5,6\n".encode(), [(3, "\ufeff3", "4"), (4, "5", "6")]),
    ],
)
def test_these_records_are_rows(body: bytes, rows: list[tuple[int, str, str]]) -> None:
    assert read(HEADER + body).rows == rows


@pytest.mark.parametrize(
    ("body", "bad", "rows"),
    [
        (b"1\n3,4\n", [Bad(2, "missing_fields", "1")], [(3, "3", "4")]),
        (b"1,2,3\r\n3,4\n", [Bad(2, "extra_fields", "1,2,3")], [(3, "3", "4")]),
        (b"1,2\n\xff,4\n5,6\n", [Bad(3, "invalid_encoding", "\\xff,4")], [(2, "1", "2"), (4, "5", "6")]),
        (b"1,2\n3\0,4\n5,6\n", [Bad(3, "invalid_encoding", "3\\x00,4")], [(2, "1", "2"), (4, "5", "6")]),
        (b'"x\ny",\0\n5,6\n', [Bad(2, "invalid_encoding", '"x\ny",\\x00')], [(4, "5", "6")]),
        (b'"x\ny"\n5,6\n', [Bad(2, "missing_fields", '"x\ny"')], [(4, "5", "6")]),
        (b"1\r2\n", [Bad(2, "missing_fields", "1\r2")], []),
    ],
)
def test_these_records_are_set_aside_alone(body: bytes, bad: list[Bad], rows: list[tuple[int, str, str]]) -> None:
    found = read(HEADER + body)
    assert found.bad == bad
    assert found.rows == rows


def test_quote_open_at_the_end_of_the_file_spoils_its_line_alone() -> None:
    found = read(HEADER + b'1,2\n3,"x\n5,6\n7,8\n')
    assert found.bad == [Bad(3, "unbalanced_quote", '3,"x')]
    assert found.rows == [(2, "1", "2"), (4, "5", "6"), (5, "7", "8")]


def test_text_behind_a_closing_quote_spoils_its_line_alone() -> None:
    found = read(HEADER + b'1,"x" y\n3,4\n')
    assert found.bad == [Bad(2, "unbalanced_quote", '1,"x" y')]
    assert found.rows == [(3, "3", "4")]


def test_open_quote_that_meets_a_later_quoted_field_spoils_its_line_alone() -> None:
    found = read(HEADER + b'1,"open\n2,"fine"\n3,4\n')
    assert found.bad == [Bad(2, "unbalanced_quote", '1,"open')]
    assert found.rows == [(3, "2", "fine"), (4, "3", "4")]


def test_quote_that_opens_on_a_later_line_of_its_record_spoils_up_to_that_line() -> None:
    found = read(HEADER + b'"x\ny","open\n3,4\n')
    assert found.bad == [Bad(2, "unbalanced_quote", '"x\ny","open')]
    assert found.rows == [(4, "3", "4")]


def test_blank_lines_are_counted_and_keep_line_numbers_right() -> None:
    found = read(HEADER + b"\n1,2\n  \n\r\n3,4\n\n")
    assert found.rows == [(3, "1", "2"), (6, "3", "4")]
    assert (found.blank, found.bad) == (4, [])


@pytest.mark.parametrize("line", [b",", b" , ", b",,,", b"  ", b",\r", b" ,\r\r", b"\r"])
def test_record_of_delimiters_and_spaces_is_blank(line: bytes) -> None:
    found = read(HEADER + b"1,2\n" + line + b"\n3,4\n" + line)
    assert (found.rows, found.bad, found.blank) == ([(2, "1", "2"), (4, "3", "4")], [], 2)


@pytest.mark.parametrize("line", [b'"",', b'" ",', b"\t,", b"-,", b"\xc2\xa0,"])
def test_record_that_holds_anything_else_is_not_blank(line: bytes) -> None:
    assert read(HEADER + line + b"\n").blank == 0


def test_blank_rows_below_the_data_of_a_spreadsheet_are_counted_and_nothing_else() -> None:
    found = read(b"a,b,c\n1,2,3\n" + b",,\r\n" * 250, "a b c")
    assert (found.rows, found.bad, found.blank) == ([(2, "1", "2", "3")], [], 250)


def test_blank_line_inside_quotes_is_not_a_blank_line() -> None:
    assert read(HEADER + b'"\n\n",1\n').rows == [(2, "\n\n", "1")]


def test_line_numbers_stay_exact_over_many_blocks_with_quoted_newlines() -> None:
    body = b"".join(b'"%d\n",x\n' % i if i % 3 == 0 else b"%d,y\n" % i for i in range(200))
    expected, line = [], 2
    for i in range(200):
        expected.append((line, f"{i}\n" if i % 3 == 0 else str(i), "x" if i % 3 == 0 else "y"))
        line += 2 if i % 3 == 0 else 1
    assert read(HEADER + body).rows == expected
