"""Why a header is not the one of its feed, and headers as spreadsheets write them. Expected words by hand.

Not here: which headers are exact (test_delimited_headers.py), and files that are no text (test_contents.py).
"""

import io
import time

import pytest

from vsf_assets.contracts import get_table
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets_tests.blocks import check_block
from vsf_assets_tests.datasets import COLUMNS
from vsf_assets_tests.reading import COMMA, PIPE

CLICKS = ["click_id", "banner_id", "campaign_id"]


def reason(data: str | bytes, columns: list[str] = CLICKS, dialect: Delimited = COMMA) -> str:
    raw = data.encode() if isinstance(data, str) else data
    with pytest.raises(UnreadableError) as caught:
        list(DelimitedReader(io.BytesIO(raw), dialect, columns).blocks())
    assert caught.value.anomaly == "unknown_header"
    assert caught.value.reason.isprintable()
    return caught.value.reason


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("click_id,banner_id,campaign_id\u00a0", "not expected 'campaign_id<U+00A0>' (did you mean campaign_id?"),
        ("click_id,banner_id,\u200bcampaign_id", "not expected '<U+200B>campaign_id' (did you mean campaign_id?"),
        ("click_id,banner_id,campaign\u00ad_id", "not expected campaign<U+00AD>_id (did you mean campaign_id?)"),
        ("click_id,banner_id,campaign_id ", "not expected 'campaign_id ' (did you mean campaign_id?"),
        ('click_id,banner_id,"campaign_id\n"', "not expected 'campaign_id<U+000A>' (did you mean campaign_id?"),
        ("click_id\r,banner_id,campaign_id", "not expected 'click_id<U+000D>' (did you mean click_id?"),
        ("CLICK_ID,banner_id,campaign_id", "not expected CLICK_ID (did you mean click_id? write it exactly so)"),
        ("click_id,baner_id,campaign_id", "not expected baner_id (did you mean banner_id?)"),
        ("click id,banner_id,campaign_id", "not expected click id (did you mean click_id?)"),
        ("click_id,banner_id,campaign_id,,", "columns 4, 5 have no names, delete the empty columns at the right"),
        ("click_id,banner_id,campaign_id,", "column 4 has no name, delete the empty columns at the right"),
        ("click_id,,banner_id,campaign_id", "column 2 has no name, name or delete them"),
        ("click_id;banner_id;campaign_id", "it has semicolons between its names where commas are expected"),
        ("click_id\tbanner_id\tcampaign_id", "it has tabs between its names where commas are expected"),
        ('"click_id"|"banner_id"|"campaign_id"', "it has vertical bars between its names where commas are"),
        ("sep=,\nclick_id,banner_id,campaign_id", "line 1 is 'sep=,', a note to spreadsheets: delete it"),
        ("\ufeffsep=;\nclick_id;banner_id;campaign_id", "line 1 is 'sep=;', a note to spreadsheets: delete it"),
        ('"click_id,banner_id,campaign_id"', "the whole line stands in quotes, so that it is read as one name"),
        ("Clicks of May", "line 1 may be a title: the header must be line 1, without anything above it"),
        ("click_id banner_id campaign_id", "commas are expected between its names"),
        ("17,2,3", "the first line looks like data: put the header above it"),
        ("\nclick_id,banner_id,campaign_id", "line 1 is empty, and the header must be line 1"),
        ("click_id,click_id,banner_id,campaign_id", "twice click_id"),
        ("click_id,banner_id,\u202ecampaign", "<U+202E>campaign"),
    ],
)
def test_the_reason_names_the_cause(header: str, words: str) -> None:
    assert words in reason(header + "\n1,2,3\n")


def test_windows_1252_in_a_header_is_named() -> None:
    assert reason(b"click_id,banner_id,w\xe4hrung\n").startswith("this looks like Windows-1252 (")


def test_a_backslash_at_the_end_of_a_header_is_named() -> None:
    assert reason(b"a|b\\\n1|2\n", ["a", "b"], PIPE).startswith("line 1 ends in a backslash")


def test_a_header_with_very_many_columns_is_explained_in_a_moment() -> None:
    started = time.monotonic()
    words = reason(",".join(f"column_{n}" for n in range(100_000)) + "\n1\n")
    assert time.monotonic() - started < 60
    assert len(words) < 1000
    assert "and 99,990 more" in words


NAMES = ",".join(COLUMNS)


def dictionary(
    data: bytes,
) -> tuple[dict[int, tuple[str | None, ...]], list[tuple[int, str, str | None, str | None]], int]:
    """Return the rows of columns.csv by line, its findings, and how many rows are blank."""
    reading, table = all_feeds()["datasets"].reading, get_table("raw.columns")
    assert isinstance(reading, Delimited)
    rows, findings, blank = {}, [], 0
    for block in DelimitedReader(io.BytesIO(data), reading, list(table.schema.columns)).blocks():
        checked = check_block(block, table, reading)
        rows |= {row[0]: row[1:] for row in checked.valid.rows()}
        findings += checked.findings.select("line_number", "anomaly", "column_name", "raw_value").rows()
        blank += block.blank
    return rows, sorted(findings, key=str), blank


ROW = ("c-1", "ns-1", "db", "t", "c", "dp-1", "owner")


@pytest.mark.parametrize(
    ("head", "line", "delimiter"),
    [
        (NAMES.upper(), 2, ","),
        (NAMES.replace(",", " , "), 2, ","),
        (NAMES.replace("namespace_id", "Namespace_ID\u00a0"), 2, ","),
        (NAMES.replace(",", ";"), 2, ";"),
        ("sep=;\r\n" + NAMES.replace(",", ";"), 3, ";"),
        ("\ufeffsep=;\n" + NAMES.replace(",", ";").upper(), 3, ";"),
        ('"sep=,"\r\n' + NAMES, 3, ","),
        ("SEP=;\n" + NAMES, 3, ","),
        ("sep=\t\n" + NAMES.replace(",", "\t"), 3, "\t"),
        ("sep=|\n" + NAMES.replace(",", "|"), 3, "|"),
        (";;\n\n" + NAMES.replace(",", ";"), 4, ";"),
        (NAMES + ",,", 2, ","),
        (NAMES.replace(",", ";") + "; ;", 2, ";"),
    ],
    ids=[
        "capitals",
        "spaces",
        "NBSP",
        "semicolons",
        "sep",
        "sep, BOM, capitals",
        "quoted sep",
        "sep that lies",
        "sep tab",
        "sep bar",
        "blank above",
        "empty columns",
        "empty columns with a space",
    ],
)
def test_a_dictionary_is_read_as_a_spreadsheet_gives_it(head: str, line: int, delimiter: str) -> None:
    data = f"{head}\r\n{delimiter.join(ROW)}\r\n".encode()
    assert dictionary(data) == ({line: ROW}, [], 0)


def test_empty_columns_at_the_right_may_be_empty_and_hold_nothing_else() -> None:
    row = ",".join(ROW)
    data = f'{NAMES},,\n{row},,\n{row},\n{row}\n{row},, \n{row},,x\n{row},,,\n{row},"",\n'.encode()
    rows, findings, _ = dictionary(data)
    assert list(rows.values()) == [ROW] * 7
    assert findings == [(6, "extra_fields", None, ",x"), (7, "extra_fields", None, ",,")]


def test_many_rows_with_empty_columns_are_read_like_few() -> None:
    row = ",".join(ROW)
    data = f"{NAMES},,\n".encode() + f"{row},,\n".encode() * 200 + f"{row},,x\n".encode() * 30
    rows, findings, _ = dictionary(data)
    assert list(rows.values()) == [ROW] * 230
    assert findings == [(n, "extra_fields", None, ",x") for n in range(202, 232)]


def test_two_names_for_one_column_are_refused() -> None:
    with pytest.raises(UnreadableError, match="twice column_id"):
        dictionary(f"{NAMES},Column_ID\n".encode())


def test_blank_rows_are_blank() -> None:
    assert dictionary(f"{NAMES}\n;;;;;;\n,,,,,,\n ; ;\n".encode()) == ({}, [], 3)


def test_keys_and_references_are_trimmed_with_a_finding_and_other_text_is_not() -> None:
    rows, findings, _ = dictionary(f"{NAMES}\n c-1,ns-1 , db ,t,c,\u00a0dp-1,owner\n".encode())
    assert rows == {2: ("c-1", "ns-1", " db ", "t", "c", "dp-1", "owner")}
    assert findings == [
        (2, "invalid_value", "column_id", " c-1"),
        (2, "invalid_value", "data_point_id", "\u00a0dp-1"),
        (2, "invalid_value", "namespace_id", "ns-1 "),
    ]


def test_a_key_of_spaces_is_a_missing_one() -> None:
    rows, findings, _ = dictionary(f"{NAMES}\n  ,ns-1,db,t,c,dp-1,owner\n".encode())
    assert (rows, findings) == ({}, [(2, "missing_value", "column_id", "  ")])
