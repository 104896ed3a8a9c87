"""Reasons are sentences for the person who delivers the data: every check of every contract has one.

Expected sentences by hand.
"""

import io

import pandera.polars as pa
import polars as pl
import pytest

from vsf_assets.contracts import all_tables, get_table
from vsf_assets.contracts.rule_descriptions import sentence, words
from vsf_assets.contracts.table import Table
from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.dispatch import portions

PANDERA = ("str_matches", "isin", "greater_than", "less_than", "equal_to", "in_range", "str_", "check", "[", "^", "(")


@pytest.mark.parametrize("table", all_tables().values(), ids=lambda table: table.name)
def test_every_check_of_a_contract_has_words_that_are_not_panderas(table: Table) -> None:
    checks = [(name, check) for name, column in table.schema.columns.items() for check in column.checks]
    assert len(words(table)) == len(checks)
    for must in words(table).values():
        assert not any(word in must for word in PANDERA), must
        assert must.split()[0] in ("be", "have", "not", "begin", "end")


def test_a_check_without_words_is_refused_with_where_to_write_them() -> None:
    model = type("M", (pa.DataFrameModel,), {"__annotations__": {"a": str}, "a": pa.Field(str_matches="x")})
    with pytest.raises(TypeError, match=r'raw\.silent\.a: .*metadata=\{"must"'):
        words(Table("raw.silent", "a row", (), model))


@pytest.mark.parametrize(
    ("table", "column", "check", "value", "expected"),
    [
        ("lines", "MTN", "str_matches('^[0-9]{10}$')", "555100000", "MTN must have 10 digits; it has 9"),
        ("lines", "MTN", "str_matches('^[0-9]{10}$')", "555-1000", "MTN must have 10 digits; it is '555-1000'"),
        ("lines", "MTN", "str_matches('^[0-9]{10}$')", "٥", "MTN must have 10 digits; it is '٥'"),
        (
            "lines",
            "DEVICE_GROUPING",
            "isin(['APPLE', 'ANDROID'])",
            "Apple\u00a0",
            "DEVICE_GROUPING must be APPLE or ANDROID; it is 'Apple<U+00A0>', write APPLE",
        ),
        (
            "lines",
            "SALES_CHANNEL",
            "isin(['Retail', 'Direct', 'Indirect'])",
            "Web",
            "SALES_CHANNEL must be Retail, Direct or Indirect; it is 'Web'",
        ),
        (
            "accounts",
            "CUST_ACCT",
            "str_matches('^ACCT[0-9]{5}$')",
            "\x1b[31mA",
            "CUST_ACCT must be ACCT and 5 digits; it is '<U+001B>[31mA'",
        ),
        (
            "accounts",
            "CUST_ACCT",
            "str_matches('^ACCT[0-9]{5}$')",
            "acct",
            "CUST_ACCT must be ACCT and 5 digits; it is 'acct'",
        ),
        ("catalog_list", "position", "greater_than_or_equal_to(1)", "0", "position must be at least 1; it is '0'"),
        ("datapoints", "is_derived", "isin(['TRUE', 'FALSE'])", "yes", "is_derived must be TRUE or FALSE; it is 'yes'"),
    ],
)
def test_a_sentence_says_what_must_be_and_what_is(
    table: str, column: str, check: str, value: str, expected: str
) -> None:
    assert sentence(get_table(f"raw.{table}"), column, check, value) == expected


def reasons(feed: str, text: str) -> list[tuple[int, str, str, str]]:
    """Return line, anomaly, severity and reason of each finding."""
    stream = FileStream(io.BufferedReader(io.BytesIO(text.encode())), "x.csv")
    found = [row for p in portions(stream, all_feeds()[feed]) for row in p.findings.rows(named=True)]
    return sorted((f["line_number"], f["anomaly"], f["severity"], f["reason"]) for f in found)


def test_invisible_characters_in_a_value_that_is_no_number_are_shown() -> None:
    assert reasons("clicks", "click_id,banner_id,campaign_id\n1,2,3\u00a0\nx,2,3\n") == [
        (
            2,
            "invalid_value",
            "error",
            "campaign_id must be a whole number that fits 64 bits, in digits only; it is '3<U+00A0>'",
        ),
        (3, "invalid_value", "error", "click_id must be a whole number that fits 64 bits, in digits only"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1", "1 field where the header has 3; banner_id and what follows are missing"),
        ("1,2", "2 fields where the header has 3; campaign_id is missing"),
        ("1,2,3,4", "4 fields where the header has 3; a delimiter inside a value needs quotes"),
    ],
)
def test_a_row_of_another_length_is_counted(row: str, reason: str) -> None:
    assert [found[3] for found in reasons("clicks", f"click_id,banner_id,campaign_id\n{row}\n")] == [reason]


def test_a_row_with_another_delimiter_is_told_so() -> None:
    ((_, anomaly, _, reason),) = reasons("clicks", "click_id,banner_id,campaign_id\n1\t2\t3\n")
    assert anomaly == "missing_fields"
    assert reason.endswith("; it has '<U+0009>' between its fields where ',' is expected")


def test_a_misspelt_field_of_a_record_and_a_likely_encoding_are_named() -> None:
    record = b'[{"type":"song","data":{"artist_nme":"N","title":"w\xe4hrung","year":1,"release":"r\xc2\xa0"}}]'
    stream = FileStream(io.BufferedReader(io.BytesIO(record)), "x.data")
    (portion,) = portions(stream, all_feeds()["catalog"])
    assert portion.findings.select("anomaly", "column_name", "reason").rows() == [
        ("missing_fields", "artist_name", "artist_name is missing"),
        (
            "extra_fields",
            "artist_nme",
            "artist_nme is not a field of a song (artist_name, title, year, release); did you mean artist_name?",
        ),
        (
            "invalid_encoding",
            "title",
            "title is not valid UTF-8; this looks like Windows-1252 ('währung'): save it as UTF-8, or name the encoding"
            " in the profile",
        ),
    ]


DAY = "must be a day of the calendar, written like 2019-05-20"
WHOLE = "must be a whole number that fits 64 bits, in digits only"


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (
            "movie",
            '"release_date": "2019-02-30"',
            f"release_date {DAY}; it is '2019-02-30'",
        ),
        (
            "movie",
            '"release_date": 7',
            f"release_date {DAY}; it is a whole number",
        ),
        (
            "song",
            f'"year": {2**70}',
            f"year {WHOLE}; it is one that is too large or too small",
        ),
        ("song", '"year": "1999"', f"year {WHOLE}; it is text"),
        ("app", '"rating": 1e999', "rating must be a decimal number; it is one that is too large or too small"),
        ("song", '"title": "\\u0000"', "title holds a NUL character, which no text has; export it again"),
    ],
)
def test_a_field_of_a_record_is_told_for_what_it_is(kind: str, fields: str, words: str) -> None:
    record = f'[{{"type": "{kind}", "data": {{{fields}}}}}]'
    stream = FileStream(io.BufferedReader(io.BytesIO(record.encode())), "x.data")
    (portion,) = portions(stream, all_feeds()["catalog"])
    assert words in portion.findings["reason"].to_list()


ACCOUNTS = "CUST_ACCT,SEGMENT_NAME,SVC_PLAN\n"
NOTHING = "if a value is missing, deliver it"


@pytest.mark.parametrize("word", ["NULL", "null", "\\N", "\\n", "nan", "NaN", "N/A", "n/a", " NULL "])
def test_a_word_for_nothing_in_a_required_text_is_loaded_with_a_warning(word: str) -> None:
    assert reasons("accounts", f"{ACCOUNTS}ACCT00001,{word},Gold\n") == [
        (
            2,
            "implausible_value",
            "warning",
            f"SEGMENT_NAME holds a word that programs write where there is no value; {NOTHING}",
        )
    ]


@pytest.mark.parametrize("space", ["  ", "\u00a0", "\t"])
def test_white_space_in_a_required_text_is_loaded_with_a_warning(space: str) -> None:
    assert reasons("accounts", f"{ACCOUNTS}ACCT00001,Old,{space}\n") == [
        (2, "implausible_value", "warning", f"SVC_PLAN holds only white space; {NOTHING}")
    ]


@pytest.mark.parametrize("text", ["Nullable", "Nan", "None", "nana", "NA", "null island", "-", "0"])
def test_other_texts_are_plausible(text: str) -> None:
    assert reasons("accounts", f"{ACCOUNTS}ACCT00001,{text},Gold\n") == []


def test_a_bad_row_with_an_implausible_text_is_held_back_once() -> None:
    stream = FileStream(
        io.BufferedReader(io.BytesIO(f"{ACCOUNTS}NULL,NULL,Gold\nACCT00001,Old,nan\n".encode())), "x.csv"
    )
    found_portions = list(portions(stream, all_feeds()["accounts"]))
    assert sum(p.loaded for p in found_portions) == sum(p.quarantined for p in found_portions) == 1
    findings = pl.concat([p.findings for p in found_portions], how="diagonal")
    found = findings.select("line_number", "anomaly", "column_name", "severity").rows()
    assert sorted(found) == [
        (2, "implausible_value", "SEGMENT_NAME", "error"),
        (2, "invalid_value", "CUST_ACCT", "error"),
        (3, "implausible_value", "SVC_PLAN", "warning"),
    ]


def test_records_of_catalogs_are_loaded_with_a_warning_and_their_text() -> None:
    good = '{"type":"song","data":{"artist_name":"Nelly","title":"","year":1,"release":"r"}}'
    odd = '{"type":"song","data":{"artist_name":"\\\\N","title":" ","year":1,"release":"r"}}'
    stream = FileStream(io.BufferedReader(io.BytesIO(f"[{good},{odd}]".encode())), "x.data")
    (portion,) = portions(stream, all_feeds()["catalog"])
    assert (portion.loaded, portion.quarantined) == (2, 0)
    columns = ("line_number", "anomaly", "column_name", "raw_value", "raw_text", "severity", "is_quarantined")
    assert portion.findings.select(columns).rows() == [
        (1, "implausible_value", "artist_name", '"\\\\N"', odd, "warning", False),
        (1, "implausible_value", "title", '" "', odd, "warning", False),
    ]
