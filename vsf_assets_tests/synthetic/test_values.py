"""Numbers, days, truths, choices: bounds hold inclusively, shares and formats are what was asked for."""

import re
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.synthetic.model.date_formats import DAY_LETTERS, TIME_LETTERS
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets_tests.synthetic.making import column, frame, values

WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(ends=st.tuples(WHOLE, WHOLE), seed=st.integers())
def test_integers_stay_within_any_bounds(ends: tuple[int, int], seed: int) -> None:
    lowest, highest = sorted(ends)
    found = values("Integer", 50, seed, from_=lowest, to=highest)
    assert lowest <= min(found) <= max(found) <= highest


@pytest.mark.parametrize(("lowest", "highest"), [(-3, 3), (0, 0), (-1, 0), (0, 1), (-7, -5), (2**63 - 2, 2**63 - 1)])
def test_integers_reach_both_bounds(lowest: int, highest: int) -> None:
    assert set(values("Integer", from_=lowest, to=highest)) == set(range(lowest, highest + 1))


@pytest.mark.parametrize(("fewest", "most"), [(0, 0), (0, 2), (1, 1), (3, 9)])
def test_texts_have_as_many_sentences_as_asked_for(fewest: int, most: int) -> None:
    counts = {len(re.findall(r"[.?](?= |$)", text)) for text in values("Text", from_=fewest, to=most)}
    assert counts == set(range(fewest, most + 1))


def test_sentences_are_sentences() -> None:
    for text in values("Text", from_=1, to=1):
        assert re.fullmatch(r"[A-Z][a-z]+(?:,? [a-zA-Z'-]+)+[.?]", text), text


@given(ends=st.tuples(st.dates(), st.dates()))
def test_days_stay_within_any_bounds(ends: tuple[date, date]) -> None:
    lowest, highest = sorted(ends)
    found = values("Date", 20, from_=lowest.isoformat(), to=highest.isoformat())
    assert lowest <= min(found) <= max(found) <= highest


def test_days_reach_both_bounds_also_before_1970() -> None:
    found = set(values("Date", from_="1969-12-30", to="1970-01-02"))
    assert found == {date(1969, 12, 30) + timedelta(days) for days in range(4)}


FORMATS = ["%d.%m.%Y", "%Y%m%d", "%A, %d %B %Y", "%a %b %d %y", "%j/%Y", "%F", "100%% %m"]


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize(("lowest", "highest"), [("2024-02-28", "2024-03-01"), ("1900-01-01", "2399-12-31")])
def test_days_are_written_as_python_would(written: str, lowest: str, highest: str) -> None:
    """The second range is too long to be written in advance."""
    plain = frame(column("Date", from_=lowest, to=highest))["x"]
    formatted = frame(column("Date", from_=lowest, to=highest, format=written))["x"]
    assert formatted.to_list() == [day.strftime(written) for day in plain]


def test_every_letter_of_a_format_means_what_it_means_to_python() -> None:
    for letter in (*DAY_LETTERS, *TIME_LETTERS):
        times = frame(column("Datetime"), rows=200)["x"]
        written = frame(column("Datetime", format=f"%{letter}"), rows=200)["x"]
        assert written.to_list() == [time.strftime(f"%{letter}") for time in times]


def test_times_stay_within_bounds_and_reach_them() -> None:
    found = set(values("Datetime", from_="1969-12-31T23:59:59", to="1970-01-01T00:00:01"))
    assert found == {datetime.fromisoformat("1970-01-01") + timedelta(seconds=seconds) for seconds in (-1, 0, 1)}


@given(
    places=st.integers(0, 18),
    ends=st.tuples(st.integers(-(10**18), 10**18), st.integers(-(10**18), 10**18)),
)
def test_decimals_stay_within_bounds_exactly(places: int, ends: tuple[int, int]) -> None:
    lowest, highest = (Decimal(end).scaleb(-places) for end in sorted(ends))
    given_ends: dict[str, Any] = {"from_": float(lowest), "to": float(highest)}
    if Decimal(str(given_ends["from_"])) != lowest or Decimal(str(given_ends["to"])) != highest:
        given_ends = {"from_": lowest, "to": highest}
    found = values("Decimal", 20, places=places, **given_ends)
    assert lowest <= min(found) <= max(found) <= highest
    assert {-number.as_tuple().exponent for number in found} == {places}


def test_decimals_reach_both_bounds_below_and_above_0() -> None:
    assert set(values("Decimal", from_=-0.02, to=0.01)) == {Decimal(n).scaleb(-2) for n in (-2, -1, 0, 1)}


def test_shares_are_what_was_asked_for() -> None:
    """Of 20,000 rows a share of 0.3 strays by 65 (one standard deviation)."""
    assert abs(values("Boolean", 20_000, true_share=0.3).count(True) - 6000) < 330
    assert set(values("Boolean", true_share=1)) == {True}
    assert set(values("Boolean", true_share=0)) == {False}
    assert abs(values("Job", 20_000, null_share=0.3).count(None) - 6000) < 330
    assert set(values("Integer", null_share=1)) == {None}
    assert None not in values("Integer", null_share=0)


@pytest.mark.parametrize("kind", ["Full Name", "Integer", "Date", "Boolean", "Decimal", "UUID", "Sequence"])
def test_any_column_may_have_missing_values(kind: str) -> None:
    whole, some = values(kind), values(kind, null_share=0.5)
    assert 400 < some.count(None) < 600
    assert [(a, b) for a, b in zip(whole, some, strict=True) if b is not None and a != b] == []


def test_choices_come_as_often_as_their_weights_say() -> None:
    found = Counter(values("Choice", 20_000, values=["a", "b", "c", "d"], weights=[1, 0, 3, 0]))
    assert set(found) == {"a", "c"}
    assert abs(found["a"] - 5000) < 310
    assert set(values("Choice", values=[1, 2])) == {1, 2}
    assert set(values("Choice", values=[1, 2.5])) == {1.0, 2.5}
    assert set(values("Choice", values=[1, "b", True])) == {"1", "b", "true"}


def test_constants_and_sequences() -> None:
    assert values("Constant", 3, value="a, b") == ["a, b"] * 3
    assert values("Constant", 2, value=7) == [7, 7]
    assert values("Sequence", 3) == [1, 2, 3]
    assert values("Sequence", 4, from_=5, step=-5) == [5, 0, -5, -10]
    assert values("Sequence", 2, from_=2**63 - 2) == [2**63 - 2, 2**63 - 1]
    with pytest.raises(SchemaError, match=r"'x', option step.*64 bits"):
        values("Sequence", 3, from_=2**63 - 2)


def test_uuids_are_of_version_4() -> None:
    for text in (*values("UUID"), *values("UUID", unique=True)):
        found = UUID(text)
        assert (str(found), found.version, found.variant) == (text, 4, "specified in RFC 4122")
