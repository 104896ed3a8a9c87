"""Judges of single values: text in UTF-8, JSON, dates, times and numbers, against Python's own and DuckDB's rules.

Here: generators of edge values and properties; the expected value is computed without the code under test.
"""

import datetime as dt
import io
import json
import re
from decimal import Decimal
from functools import cache
from math import isinf
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import strategies as st

from vsf_assets.contracts import get_table
from vsf_assets.contracts.by_family.mobile import PHONE_NUMBER
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.readers.common.casts import cast
from vsf_assets.readers.common.displayable_text import is_utf8, show
from vsf_assets.readers.common.findings import broken_rules
from vsf_assets_tests import records

PADDINGS = ["", "", "", " ", "\t", "\u00a0", "\ufeff", "\n", "\r", "\x0b", "\0", "\u200b", "x"]


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return the texts, sometimes with something around them."""
    return st.tuples(st.sampled_from(PADDINGS), texts, st.sampled_from(PADDINGS)).map("".join)


def _one(text: str, dtype: pl.DataType) -> Any:
    return cast(pl.Series("x", [text], dtype=pl.String), dtype)[0]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _duckdb(sql: str, value: Any) -> Any:
    (answer,) = _connection().execute(sql, [value]).fetchall()[0]
    return answer


# --- text -------------------------------------------------------------------------------------------------------------

byte_strings = st.lists(
    st.sampled_from(
        [
            b"a",
            b"\xc3",
            b"\xa9",
            b"\xe2\x82",
            b"\xac",
            b"\xf0\x9f\x98\x80",
            b"\xed\xa0\x80",
            b"\xc0\x80",
            b"\xf4\x90",
            b"\x80",
            b"\xff",
            b"\xef\xbb\xbf",
            b"\xf5",
            b"\xe9",
            b"\0",
        ]
    ),
    min_size=1,
    max_size=4,
).map(b"".join)


def is_utf8_everywhere(raw: bytes) -> None:
    """Check that all who ask whether bytes are UTF-8 say the same, and that text is shown as it is."""
    try:
        text = raw.decode("utf-8", "strict")
    except UnicodeDecodeError:
        text = None
    assert is_utf8(raw) == (text is not None)
    try:
        pl.read_csv(io.BytesIO(b"h\n" + b'"' + raw + b'"\n'), schema={"h": pl.String})
        passes = True
    except pl.exceptions.ComputeError:
        passes = False
    assert passes == (text is not None)
    if text is not None and "\0" not in text:
        assert show(raw) == text


# --- JSON -------------------------------------------------------------------------------------------------------------

_NUMBERS = [
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "1e3",
    "1E400",
    "-1e400",
    "1e-400",
    "0.1",
    "01",
    "+1",
    ".5",
    "1.",
    "0x1",
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "1_0",
    "٣",
    str(2**63 - 1),
    str(2**63),
    str(-(2**63)),
    str(-(2**63) - 1),
    str(2**64),
    "9" * 25,
]
_TEXTS = [
    '"a"',
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\ufeff"',
    '"a\nb"',
    '"\\x"',
    '"NULL"',
    "'a'",
    "null",
    "true",
    "True",
    "[1]",
    '"2004-01-01"',
    '"2004-02-30"',
    '"2004-01-01 "',
    '"\u0660004-01-01"',
]
json_texts = st.tuples(
    *(st.sampled_from([*_TEXTS, *_NUMBERS, good, good, good]) for good in ('"n"', '"g"', "4.5", '"1"', "7"))
).map(
    lambda v: (
        f'[{{"type":"app","data":{{"name":{v[0]},"genre":{v[1]},"rating":{v[2]},"version":{v[3]},"size_bytes":{v[4]}}}}}]'
    )
)


def fast_and_exact_json(text: str) -> None:
    """Check that a record that the fast parser may take is judged as one that it may not."""
    data = text.encode("utf-8", "surrogatepass")
    usual, usual_findings = records.read(data), _findings(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets.readers.json.array_reader.ArrayReader._fast", lambda _: None)
        patch.setattr("vsf_assets.readers.json.array_reader._parsed", lambda _, place, refused: refused.append(place))
        exact, exact_findings = records.read(data), _findings(data)
    assert bool(usual.unreadable) == bool(exact.unreadable)
    assert usual._replace(unreadable="") == exact._replace(unreadable="")
    assert usual_findings == exact_findings
    try:
        values = json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        values = None
    assert bool(usual.unreadable) == (values is None)


def _findings(data: bytes) -> list[records.Finding]:
    return [] if records.read(data).unreadable else sorted(records.findings(data), key=str)


# --- dates and times --------------------------------------------------------------------------------------------------

_YEARS = st.sampled_from(
    ["2019", "2000", "1900", "0001", "0000", "9999", "10000", "19", "-2019", "+2019", "٢٠١٩", "2o19"]
)
_TWO = st.sampled_from(["01", "02", "12", "13", "00", "28", "29", "30", "31", "32", "1", " 1", "٠١", "1x"])
dates = padded(
    st.tuples(_YEARS, _TWO, _TWO).map("-".join) | st.dates().map(str) | st.sampled_from(["20190520", "2019-W21-1"])
)
_DAYS = st.sampled_from(["2019-05-20", "2016-12-31", "0001-01-01", "9999-12-31", "2019-02-29"])
_SIXTY = st.sampled_from(["00", "09", "30", "59", "60", "61", "99", "1", "٠٠"])
_FRACTIONS = st.sampled_from(["", "", ".404", ".999999", ".9999999", ".", ",5", ".5", "Z", "+00:00", " UTC", ".000000"])
times = padded(
    st.tuples(
        _DAYS,
        st.sampled_from([" ", " ", "T", "  ", "\u00a0"]),
        st.sampled_from(["00", "23", "24", "12", "7"]),
        _SIXTY,
        _SIXTY,
        _FRACTIONS,
    ).map(lambda p: f"{p[0]}{p[1]}{p[2]}:{p[3]}:{p[4]}{p[5]}")
)


def _python_date(text: str) -> dt.date | None:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return None
    try:
        return dt.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None


def date_in_python_polars_and_duckdb(text: str) -> None:
    """Check that a cell is a date as Python's calendar says, and the one that DuckDB reads."""
    expected = _python_date(text)
    assert _one(text, pl.Date()) == expected
    if expected is not None:
        assert _duckdb("select try_cast(? as date)", text) == expected


def time_in_python_polars_and_duckdb(text: str) -> None:
    """Check that a cell is a time of a day as Python's clock says, and the one that DuckDB reads."""
    found = re.fullmatch(r"(.{10}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?", text)
    day = _python_date(found.group(1)) if found else None
    expected = None
    if found and day is not None:
        hour, minute, second = (int(found.group(n)) for n in (2, 3, 4))
        if hour < 24 and minute < 60 and second < 60:
            fraction = int((found.group(5) or "").ljust(6, "0"))
            expected = dt.datetime.combine(day, dt.time(hour, minute, second, fraction))
    assert _one(text, pl.Datetime("us")) == expected
    if expected is not None:
        assert _duckdb("select try_cast(? as timestamp)", text) == expected


def day_of_name_and_date_of_column(text: str) -> None:
    """Check that a text is a day in the name of a file where it is a date in a column, and DuckDB takes it as one."""
    is_day = DAYS.accepts(text)
    assert is_day == (_one(text, pl.Date()) is not None)
    if is_day:
        assert _duckdb("select cast(cast(? as date) as varchar)", text) == text


# --- numbers ----------------------------------------------------------------------------------------------------------

whole_numbers = padded(
    st.sampled_from([*_NUMBERS, "+5", "--1", "+-1", "-", "+", "", "007", "1,000", "1 0", "0b1", "1e0", "１"])
)
decimals = padded(
    st.sampled_from(
        [
            *_NUMBERS,
            "1.1234567",
            "1.1234560",
            "0.000001",
            "1e-6",
            "1e-7",
            "1,5",
            "inf",
            "1e11",
            "1e12",
            "-.5",
            "1.2.3",
            "999999999999.999999",
            "1000000000000",
            "٣.٥",
            "1e5000",
            "1e+3",
            "e5",
            "0e9999",
            "٣e1",
        ]
    )
)
floats = padded(
    st.sampled_from(
        [*_NUMBERS, "inf", "-inf", "infinity", "1d5", "1f", "1e5", "1E+5", "e5", "1e", "1e 5", "1__0", "0b1"]
    )
)
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def integer_in_polars_and_python(text: str) -> None:
    """Check whole numbers of 64 bits."""
    bare = text.strip(" \t")
    value = int(bare) if re.fullmatch(r"[+-]?[0-9]+", bare) else None
    assert _one(text, pl.Int64()) == (value if value is not None and -(2**63) <= value < 2**63 else None)


def float_in_polars_and_python(text: str) -> None:
    """Check finite floating point numbers."""
    bare = text.strip(" \t")
    value = float(bare) if _PLAIN.fullmatch(bare) else None
    assert _one(text, pl.Float64()) == (None if value is None or isinf(value) else value)


def decimal_in_polars_and_python(text: str) -> None:
    """Check money: exact, with at most 12 digits before and 6 after the point; exponents have at most four digits."""
    bare = text.strip(" \t")
    value = Decimal(bare) if _PLAIN.fullmatch(bare) else None
    fits = value is not None and abs(value) < 10**12 and value == round(value, 6)
    if value is not None and (abs(value.adjusted()) >= 40 or re.search(r"[eE][+-]?[0-9]{5,}", bare)):
        fits = False  # such exponents are no money
    assert _one(text, pl.Decimal(18, 6)) == (value if fits else None)


phone_numbers = padded(
    st.sampled_from(["5551000001", "555100000", "55510000011", "٥٥٥١٠٠٠٠٠١", "555 100001", "+555100000"])
)


def pattern_in_polars_and_python(text: str) -> None:
    """Check that the pattern of a contract means in polars what it means in Python for the whole text."""
    row = {"MTN": text, "CUST_ACCT": "ACCT00001", "LIMITING_DT": dt.date(2019, 1, 1), "LIMIT_TYPE": "USG"}
    is_broken = broken_rules(pl.DataFrame([row]), get_table("raw.limits")).height > 0
    assert is_broken == (re.fullmatch(PHONE_NUMBER.strip("^$"), text) is None)
