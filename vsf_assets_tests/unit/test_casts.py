"""Text to whole numbers and money: nothing is rounded, wrapped or guessed. Expected values by hand."""

from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.readers.common.casts import cast, expectation

MONEY = pl.Decimal(18, 6)
FRACTIONS = ("", ".4", ".40", ".404", ".4041", ".404123")
IS_DAY = [True] * 2 * len(FRACTIONS) + [False] * len(FRACTIONS)


def one(text: str | None, dtype: pl.DataType) -> object:
    return cast(pl.Series("x", [text], dtype=pl.String), dtype)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("+5", "5"),
        ("-0.000001", "-0.000001"),
        ("1.", "1"),
        (".5", "0.5"),
        ("1.1234560", "1.123456"),
        ("0.1" + "0" * 60, "0.1"),
        ("0" * 40 + "1.5", "1.5"),
        (" \t1.5 ", "1.5"),
        ("1e-6", "0.000001"),
        ("1.5E+3", "1500"),
        ("12345e-4", "1.2345"),
        ("1e11", "100000000000"),
        ("999999999999.999999", "999999999999.999999"),
        ("-999999999999.999999", "-999999999999.999999"),
    ],
)
def test_money_is_read_exactly(text: str, value: str) -> None:
    assert one(text, MONEY) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "1.1234567",
        "1e-7",
        "1000000000000",
        "1e12",
        "1e400",
        "1,5",
        "$5",
        "5 5",
        "- 1",
        "+",
        ".",
        "e5",
        "5e",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        "1_0e1",
        "٣",
        "٣e1",
        "５",
        "5\n",
        "5\r",
        "\xa05",
        "1.2.3",
        "--1",
        " ",
        "true",
    ],
)
def test_money_that_would_be_rounded_or_guessed_is_no_value(text: str) -> None:
    assert one(text, MONEY) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        ("-0", 0),
        ("007", 7),
        (" 5\t", 5),
        (str(2**63 - 1), 2**63 - 1),
        (str(-(2**63)), -(2**63)),
    ],
)
def test_whole_numbers_of_64_bits_are_read(text: str, value: int) -> None:
    assert one(text, pl.Int64()) == value


@pytest.mark.parametrize(
    "text",
    [
        str(2**63),
        str(-(2**63) - 1),
        "9" * 30,
        "1.0",
        "1e3",
        "0x1",
        "1_0",
        "٣",
        "+-5",
        "5\r",
        "\u00a05",
        " ",
        "-",
        "true",
    ],
)
def test_other_text_is_no_whole_number(text: str) -> None:
    assert one(text, pl.Int64()) is None


@pytest.mark.parametrize("dtype", [MONEY, pl.Int64(), pl.String()])
def test_empty_cell_stays_null_and_the_column_keeps_name_and_type(dtype: pl.DataType) -> None:
    column = cast(pl.Series("x", [None, "1"], dtype=pl.String), dtype)
    assert (column.name, column.dtype, column[0]) == ("x", dtype, None)


def test_text_is_left_as_it_is() -> None:
    assert one("  a ", pl.String()) == "  a "


def test_type_without_a_cast_is_refused() -> None:
    with pytest.raises(TypeError, match=r"casts\.py"):
        one("x", pl.Duration())


def test_expectation_says_the_digits() -> None:
    assert (
        expectation(MONEY) == "must be a number in digits and a point, at most 12 digits before and 6 after the point"
    )


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13), max_size=20))
def test_any_decimal_is_read_exactly_or_not_at_all(numbers: list[Decimal]) -> None:
    found = cast(pl.Series("x", [str(n) for n in numbers], dtype=pl.String), MONEY).to_list()
    for number, value in zip(numbers, found, strict=True):
        fits = number == number.quantize(Decimal("0.000001")) and abs(number) < 10**12
        assert value == (number if fits else None)


@pytest.mark.parametrize(
    ("text", "is_time"),
    [("23:59:59.999999", True), ("23:59:60", False), ("23:59:61", False), ("24:00:00", False), ("23:60:00", False)],
)
def test_a_minute_has_sixty_seconds(text: str, is_time: bool) -> None:
    assert (one(f"2016-12-31 {text}", pl.Datetime("us")) is not None) == is_time


@pytest.mark.parametrize(("text", "is_day"), [("0001-01-01", True), ("0000-12-31", False), ("2019-02-29", False)])
def test_the_calendar_begins_with_year_one(text: str, is_day: bool) -> None:
    assert (one(text, pl.Date()) is not None) == is_day
    assert (one(f"{text} 00:00:00", pl.Datetime("us")) is not None) == is_day


def test_times_of_all_lengths_are_read_in_one_column() -> None:
    """Most have three digits of a second, which another parser reads; each is what Python reads, or nothing."""
    days = ("2019-05-20", "1582-10-10", "2019-02-30")
    texts = [f"{day} 02:20:09{fraction}" for day in days for fraction in FRACTIONS]
    read = [datetime.fromisoformat(text) if is_day else None for text, is_day in zip(texts, IS_DAY, strict=True)]
    assert cast(pl.Series("x", [*texts, None]), pl.Datetime("us")).to_list() == [*read, None]
    thousandths = [text for text in texts if text.endswith(".404")]
    expected = [when for text, when in zip(texts, read, strict=True) if text in thousandths]
    assert cast(pl.Series("x", thousandths), pl.Datetime("us")).to_list() == expected
