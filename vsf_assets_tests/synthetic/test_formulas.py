"""Formulas: exact results, clear refusals, and nothing that runs."""

import random
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from vsf_assets.synthetic.model.formula_grammar import parse_formula
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets_tests.synthetic.making import column, frame, schema

OPERANDS = (
    column("Integer", "a", from_=-9, to=9),
    column("Integer", "unit price", from_=1, to=10**9),
    column("Decimal", "d", from_=-1.5, to=2.25, places=2),
    column("Decimal", "m", from_=-1, to=1, places=1, null_share=0.2),
    column("Sequence", "n", from_=5, step=-3),
)


def results(formula: str, places: int = 2, rows: int = 300) -> list[tuple[dict[str, Any], Decimal | None]]:
    """Return (values of the operands, result) of each row."""
    made = frame(*OPERANDS, column("Formula", "x", formula=formula, places=places), rows=rows)
    return [({k: v for k, v in row.items() if k != "x"}, row["x"]) for row in made.to_dicts()]


def rounded(exact: Fraction, places: int) -> Decimal:
    """Round half away from 0, in whole numbers."""
    scaled = abs(exact) * 10**places
    units = scaled.numerator // scaled.denominator
    units += 2 * (scaled - units) >= 1
    return Decimal(-units if exact < 0 else units).scaleb(-places)


def expected(text: str, values: Mapping[str, Any], places: int) -> Decimal | None:
    """Compute a formula of the tests below with Python's fractions; missing and 0 divisors give None."""
    words = {"{" + name + "}": value for name, value in values.items()}
    if any(name in text and value is None for name, value in words.items()):
        return None
    for name, value in words.items():
        text = text.replace(name, f"Fraction('{value}')" if value is not None else "None")
    try:
        return rounded(Fraction(eval(text, {"Fraction": Fraction})), places)
    except ZeroDivisionError:
        return None


@pytest.mark.parametrize("places", [0, 2, 5])
@pytest.mark.parametrize(
    "formula",
    [
        "{a} + {d}",
        "{a} - {d} - {m}",
        "{a} * {d} * {m}",
        "{a} / {d}",
        "({a} + {m}) / ({d} - {m})",
        "-{a} * -({d} - Fraction('0.5'))",
        "{a} / 3 + {d} / 7",
        "{a} / -3 + {d} / 7 - 1",
        "1 / {a} - {d} / -Fraction('1.5')",
        "{a} / {m} / {d}",
        "{d} / ({m} / {a})",
        "{d} + 1 / (1 / {a})",
        "{a} - ({d} - {m}) * 2",
        "{n} * {unit price} / 12",
        "{unit price} * {unit price} * {unit price} / {unit price} / {unit price}",
    ],
)
def test_results_are_exact_and_halves_are_rounded_away_from_0(formula: str, places: int) -> None:
    written = re.sub(r"Fraction\('([\d.]+)'\)", r"\1", formula)
    try:
        found = results(written, places)
    except SchemaError as error:
        assert "more than 64 bits" in str(error)
        assert formula.count("unit price") > 1
        return
    for values, result in found:
        assert result == expected(formula, values, places), (written, values)
    assert len({result for _, result in found}) > 5


def test_wide_numbers_give_the_same_as_narrow_ones() -> None:
    """The second formula multiplies and divides by a number that 64 bits cannot hold in between."""
    wide = "{a} * 999999999999 * 999999999999 / 999999999999 / 999999999999 / {d}"
    assert results(wide, 1) == results("{a} / {d}", 1)


def test_a_divisor_that_is_0_gives_a_missing_value() -> None:
    zero = column("Integer", "z", from_=0, to=0)
    made = frame(zero, column("Integer", "i"), column("Formula", "x", formula="i / z + 1 / (z + 2)"))
    assert made["x"].null_count() == len(made)
    made = frame(zero, column("Integer", "i"), column("Formula", "x", formula="i + 1 / (z - 2)", places=1))
    assert made["x"].to_list() == [number - Decimal("0.5") for number in made["i"]]


def test_halves() -> None:
    made = frame(column("Integer", "i", from_=-3, to=3), column("Formula", "x", formula="i / 2", places=0), rows=200)
    assert set(made.rows()) == {(-3, -2), (-2, -1), (-1, -1), (0, 0), (1, 1), (2, 1), (3, 2)}


@pytest.mark.parametrize(
    ("formula", "value"), [("2/3", "0.67"), ("-(7)", "-7.00"), ("(1 + 2) * 4 - 12", "0.00"), ("0 * a / 3", "0.00")]
)
def test_a_formula_of_numbers_alone_has_its_value_in_each_row(formula: str, value: str) -> None:
    a, x = column("Integer", "a", to=9), column("Formula", formula=formula)
    assert [frame(a, x, rows=rows)["x"].to_list() for rows in (0, 1, 3)] == [
        [Decimal(value)] * rows for rows in (0, 1, 3)
    ]


def test_words_are_columns_and_spaces_do_not_matter() -> None:
    columns = (column("Integer", "größe"), column("Integer", "b c"))
    one = frame(*columns, column("Formula", "x", formula="größe*2-{b c}"))
    two = frame(*columns, column("Formula", "x", formula="  größe * ( 2.0 )\n - { b c } "))
    assert one.equals(two)
    assert one["x"].to_list() == [2 * a - b for a, b, _ in one.rows()]


def test_formulas_of_formulas() -> None:
    made = frame(
        column("Formula", "gross", formula="net * 1.19"),
        column("Formula", "net", formula="q * p"),
        column("Integer", "q", from_=1, to=9),
        column("Decimal", "p", from_=0, to=99),
    )
    for gross, net, q, p in made.rows():
        assert net == q * p
        assert gross == rounded(Fraction(net) * Fraction("1.19"), 2)


def test_nested_divisions_take_time_by_their_length() -> None:
    """Each level of the fraction needs top and bottom of the one below; to compute them apart doubles the work."""
    text = "i"
    for _ in range(38):
        text = f"i / (i + {text})"
    made = frame(column("Integer", "i", from_=1, to=1), column("Formula", "x", formula=text, places=0), rows=2)
    assert set(made["x"]) == {Decimal(1)}  # the golden ratio's fractions, about 0.618


def test_formulas_that_lead_to_a_column_in_many_ways_take_time_by_their_number() -> None:
    columns, names = [column("Integer", "f0", from_=1, to=1)], ["f0"]
    for number in range(1, 30):
        columns.append(column("Formula", f"f{number}", formula=f"({' + '.join(names)}) / {number}", places=0))
        names.append(f"f{number}")
    assert frame(*columns, rows=1).row(0) == (Decimal(1),) * 30  # 2**28 ways lead from the last one to the first


HOSTILE = [
    "",
    " ",
    "()",
    "(",
    ")",
    "(a",
    "a)",
    "a +",
    "* a",
    "a b",
    "a 2",
    "2 a",
    "a ** 2",
    "a // 2",
    "a % 2",
    "a ^ 2",
    "a = 1",
    "a == 1",
    "a < 1",
    "a, b",
    "a; b",
    "a.b",
    "a.__class__",
    "__import__('os').system('true')",
    "open('/etc/passwd')",
    "exec('1')",
    "lambda: 1",
    "[a]",
    "{{a}}",
    "{a",
    "a}",
    "{}",
    "{a}{a}",
    "${a}",
    "a if a else a",
    "1e5 * a",
    "0x10 * a",
    "1_000 * a",
    ".5 * a",
    "5. * a",
    "1..2 * a",
    "a * 1234567890123456789",
    "'a'",
    '"a"',
    "`a`",
    "a\0",
    "a * \u0663",
    "a − 1",
    "a × 2",
    "a; drop table t",
    "(" * 60 + "a" + ")" * 60,
    "-" * 60 + "a",
    "a" + " + a" * 200,
    "nan * a",
    "inf",
    "a / 0",
    "a / (1 - 1)",
    "missing * 2",
    "text * 2",
    "day + 1",
    "x + 1",
    "a * a * a * a * a * a * a",
]


@pytest.mark.parametrize("formula", HOSTILE)
def test_what_is_no_formula_is_refused_and_names_column_and_option(formula: str) -> None:
    columns = (
        column("Integer", "a", to=10**9),
        column("Choice", "text", values=["1"]),
        column("Date", "day"),
        column("Formula", formula=formula),
    )
    with pytest.raises(SchemaError, match=r"^column 'x'(, option formula)?: ") as error:
        frame(*columns, rows=2)
    assert len(str(error.value)) < 1000


def test_there_are_fifty_of_them() -> None:
    assert len(set(HOSTILE)) >= 50


def test_messages_say_where() -> None:
    for formula, words in [
        ("a + b * $", "'$' at character 9"),
        ("a + (b * 2", "it ends where a closing parenthesis is expected"),
        ("a + )", "')' at character 5: expected a number, a column or a parenthesis"),
        ("a b", "'b' at character 3: expected an operator or the end"),
    ]:
        with pytest.raises(ValueError, match="") as error:
            parse_formula(formula)
        assert words in str(error.value)
    with pytest.raises(SchemaError, match="did you mean price"):
        schema(column("Integer", "price"), column("Formula", formula="prize * 2"))
    with pytest.raises(
        SchemaError, match=r"column 'y' is of the type Job; a Formula uses columns of the types Integer"
    ):
        schema(column("Job", "y"), column("Formula", formula="y"))


def test_any_text_is_parsed_or_refused() -> None:
    """Texts of the grammar's own characters: each one is a formula, or a ValueError."""
    chosen = random.Random(7)
    parsed = 0
    for _ in range(3000):
        text = "".join(chosen.choice(["a", "{b c}", "1", "2.5", "+", "-", "*", "/", "(", ")", " "]) for _ in range(7))
        try:
            parse_formula(text)
            parsed += 1
        except ValueError:
            pass
    assert 20 < parsed < 2000


@pytest.mark.parametrize("kind", ["Formula", "Template", "Normal Distribution"])
def test_columns_whose_values_repeat_cannot_be_unique(kind: str) -> None:
    options = {"Formula": {"formula": "i"}, "Template": {"template": "{i}"}, "Normal Distribution": {}}[kind]
    with pytest.raises(SchemaError, match="option unique: values of a"):
        schema(column("Integer", "i"), column(kind, unique=True, **options))
