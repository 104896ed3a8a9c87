"""Rules of the settings file: one spelling, and every mistake told. Not here: what they decide (dbt)."""

import pytest

from vsf_assets.config.rule_expressions import AWESOME, RuleError, parse_rule


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (AWESOME, AWESOME),
        ("rating>=4", "rating >= 4"),
        (" size_bytes  ==  +5 ", "size_bytes = +5"),
        ("rating <> -0.5", "rating != -0.5"),
        ("rating >= 4 AND size_bytes<1000000 or rating=5", "rating >= 4 and size_bytes < 1000000 or rating = 5"),
        ("\nrating > 4.25\n", "rating > 4.25"),
    ],
)
def test_a_rule_has_one_spelling(text: str, sql: str) -> None:
    assert parse_rule(text).sql == sql


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "ends too early"),
        ("rating", "ends too early"),
        ("rating >=", "ends too early"),
        ("rating >= 4 and", "ends too early"),
        ("rating >= 4 and size_bytes <", "ends too early"),
        ("price < 1", "'price' is not one of rating, size_bytes"),
        ("4 < rating", "'4' is not one of rating, size_bytes"),
        ("rating like 4", "'like' is not one of <, <="),
        ("rating < size_bytes", "'size_bytes' is not a number"),
        ("rating < 4 xor rating > 5", "'xor' stands where `and` or `or` is expected"),
        ("rating < 4 rating > 5", "'rating' stands where"),
        ("(rating < 4)", "is not understood"),
        ("rating < 4; drop table x", "is not understood"),
        ("rating < 1e6", "is not understood"),
        ("rating < 1.", "is not understood"),
        ("rating < '4'", "is not understood"),
        ("rating < 4 -- x", "is not understood"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(RuleError, match=why.replace("(", r"\(")):
        parse_rule(text)
