"""Places, addresses of the internet, currencies, normal distributions, regular expressions, templates."""

import ipaddress
import re
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from faker.providers.address.en import Provider as Places
from faker.providers.currency import Provider as Money

from vsf_assets.synthetic.columns import generator_input, templates
from vsf_assets.synthetic.columns.normal_numbers import UNIT, quantiles, standard_normal
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.regex_grammar import parse_regex
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets.synthetic.model.template_grammar import parse_template
from vsf_assets.synthetic.writers import _fitting_rows
from vsf_assets_tests.synthetic.making import column, frame, schema, values

ROWS = 2000


def test_addresses_of_version_4_are_public() -> None:
    for unique in (False, True):
        found = values("IP Address", ROWS, unique=unique)
        assert [text for text in found if not ipaddress.IPv4Address(text).is_global] == []
    assert len(set(found)) == ROWS


def test_addresses_of_version_6_are_public_and_in_their_canonical_form() -> None:
    for unique in (False, True):
        found = values("IP Address", 20_000, version=6, unique=unique)
        assert [text for text in found if not ipaddress.IPv6Address(text).is_global] == []
        assert [text for text in found if str(ipaddress.IPv6Address(text)) != text] == []
    assert len(set(found)) == 20_000
    with pytest.raises(SchemaError, match="option version: 5 is not allowed; write one of 4, 6"):
        schema(column("IP Address", version=5))


def test_countries_and_currencies_are_those_of_the_lists() -> None:
    assert set(values("Country", 20_000)) == set(Places.countries)
    assert set(values("Currency", 20_000)) == {code for code, _ in Money.currencies}
    assert set(values("Currency", 20_000, form="name")) == {name for _, name in Money.currencies}
    assert len(set(values("Country", 240, unique=True))) == 240
    with pytest.raises(
        SchemaError, match="option form: 'cod' is not allowed; write one of code, name; did you mean code"
    ):
        schema(column("Currency", form="cod"))


def test_coordinates_lie_on_the_globe_and_reach_both_bounds() -> None:
    assert set(values("Latitude", from_=-90, to=-89, places=0)) == {Decimal(-90), Decimal(-89)}
    for kind, limit in (("Latitude", 90), ("Longitude", 180)):
        found = values(kind, ROWS)
        assert -limit <= min(found) < -0.9 * limit
        assert 0.9 * limit < max(found) <= limit
        with pytest.raises(SchemaError, match=f"option to: {limit + 1} is not between -{limit} and {limit}"):
            schema(column(kind, to=limit + 1))


def test_a_url_without_a_company_and_a_unique_one() -> None:
    for text in values("URL", ROWS):
        assert re.fullmatch(r"https?://(www\.)?[a-z]+(-[a-z]+){0,2}\.[a-z]+(/[a-z]+){1,2}", text), text
    assert len(set(values("URL", 50_000, unique=True))) == 50_000


def test_first_names_of_their_own_and_those_of_the_full_name() -> None:
    made = frame(column("First Name", "f"), column("Full Name", "n"), column("Last Name", "l"), rows=ROWS)
    assert [f"{f} {last}" for f, _, last in made.rows()] == made["n"].to_list()
    alone = frame(column("First Name", "f"), column("First Name", "g", locale="fr_FR", unique=True), rows=100)
    assert len(set(alone["g"])) == 100
    assert alone["f"].n_unique() > 30


def test_quantiles_are_rounded_far_from_where_the_last_bits_of_a_machine_count() -> None:
    """So all machines have the same table: libraries of logarithms differ by some 1e-16."""
    for level in range(3):
        step = 0.5 / 4096 ** (level + 1)
        exact = np.array([NormalDist().inv_cdf(part * step) for part in range(1, 4096)]) / UNIT
        assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() * UNIT > 1e-15
        assert (np.diff(quantiles(level)[1:]) > 0).all()


def test_numbers_are_the_quantiles_of_the_normal_distribution() -> None:
    shares = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 20_001), 10.0 ** np.arange(-11, -1)])
    found = standard_normal((shares * 2.0**64).astype(np.uint64))
    exact = np.array([NormalDist().inv_cdf(share) for share in shares])
    assert np.abs(found - exact).max() < 0.05
    assert np.abs(found - exact)[(shares > 0.01) & (shares < 0.99)].max() < 1e-4
    assert (np.diff(found[:20_001]) >= 0).all()


def test_a_normal_distribution_has_its_mean_and_deviation() -> None:
    """Of 50,000 rows the mean strays by 0.045 and each share by 0.2 %, one standard deviation."""
    found = np.array(values("Normal Distribution", 50_000, mean=170, deviation=10, places=3), dtype=float)
    assert abs(found.mean() - 170) < 0.25
    assert abs(found.std() - 10) < 0.15
    for deviations, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert abs((abs(found - 170) <= 10 * deviations).mean() - share) < 0.01


def test_a_bounded_normal_distribution_is_the_part_between_the_bounds() -> None:
    found = values("Normal Distribution", 50_000, deviation=1, from_=0.5, to=1.5, places=1)
    assert (min(found), max(found)) == (Decimal("0.5"), Decimal("1.5"))
    below = NormalDist().cdf
    expected = (below(1.05) - below(0.95)) / (below(1.55) - below(0.45))
    assert abs(found.count(Decimal("1.0")) / 50_000 - expected) < 0.008
    assert set(values("Normal Distribution", from_=2, to=2, places=0)) == {Decimal(2)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deviation": 0}, "option deviation: 0 is not greater than 0"),
        ({"from_": 2, "to": 1}, "option from: 2 is greater than to: 1"),
        ({"from_": 0.001}, "option from: 0.001 has more than 2 decimal places"),
        ({"from_": 5}, "option from: 5 is more than 4 deviations above the mean"),
        ({"to": -5}, "option to: -5 is more than 4 deviations below the mean"),
        ({"mean": 10**15}, "option deviation: values like"),
    ],
)
def test_a_normal_distribution_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(words)):
        schema(column("Normal Distribution", **options))


PATTERNS = [
    r"[A-Z]{2}-\d{4}",
    r"^\w+@(foo|bar)\.(com|org)$",
    r"(a|bc|)x?y*z+",
    r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
    r"\$\d{1,3}(\.\d{2})?",
    r"((a|b){2}c?){0,3}",
    r"[äöü\-\]]{3}\\",
    r".{5}",
    r"\tx\s",
    r"price: 5\$",
    "",
    r"x{0}",
    r"[a-z]{20}[0-9]{20}",
    r"'\"[`]",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match_their_expression(pattern: str) -> None:
    found = values("Regular Expression", 300, pattern=pattern) if pattern else [""]
    assert [text for text in found if not re.fullmatch(pattern, text)] == []
    assert all(len(text) <= 1000 for text in found)


def test_all_texts_of_an_expression_come() -> None:
    found = values("Regular Expression", 3000, pattern="[ab](c|d{2})?e{0,2}")
    expected = {f"{a}{b}{c}" for a in "ab" for b in ("", "c", "dd") for c in ("", "e", "ee")}
    assert set(found) == expected
    assert min(found.count(text) for text in expected) > 50


def test_unique_texts_of_an_expression_until_there_are_no_more() -> None:
    assert len(set(values("Regular Expression", 2600, pattern=r"[A-Z]\d{2}", unique=True))) == 2600
    wide = values("Regular Expression", 5000, pattern=r"[a-z]{40}", unique=True)
    assert len(set(wide)) == 5000
    assert all(len({text[place] for text in wide}) == 26 for place in (0, 20, 39))
    with pytest.raises(SchemaError, match="2601 rows need 2601 different values"):
        values("Regular Expression", 2601, pattern=r"[A-Z]\d{2}", unique=True)
    with pytest.raises(SchemaError, match="option unique: an expression with"):
        values("Regular Expression", 2, pattern=r"a?b", unique=True)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a", "at character 3: a group is not closed"),
        ("a)", "at character 2: ')' closes no group"),
        ("[a", "a class is not closed"),
        ("[]", "an empty class"),
        ("[^a]", "classes that exclude characters"),
        ("[z-a]", "a range goes from a smaller to a larger character"),
        ("a**", "a repetition follows a repetition"),
        ("a+?", "a repetition follows a repetition"),
        ("*a", "'*' repeats nothing"),
        ("a{2", "repetitions are {n} or {m,n}"),
        ("a{,2}", "repetitions are {n} or {m,n}"),
        ("a{2,}", "repetitions are {n} or {m,n}"),
        ("a{3,2}", "the smaller number first"),
        ("a{101}", "at most 100"),
        ("a{99999999999999999999}", "at most 100"),
        ("(a{100}){11}", "its texts can have 1100 characters"),
        ("((((){99}){99}){99}){99}", "parts with its repetitions"),
        ("(?=a)b", "without look-ahead"),
        ("(?P<n>a)", "without look-ahead, names and flags"),
        ("(?i)a", "without look-ahead"),
        (r"(a)\1", r"\1 is not supported"),
        (r"\bword", r"\b is not supported"),
        (r"\p{L}", r"\p is not supported"),
        ("a\\", "is not supported"),
        ("a^b", "allowed at the ends only"),
        ("a$b", "allowed at the ends only"),
        ("a}", "closes nothing"),
        ("(" * 25 + ")" * 25, "nested more than 20 deep"),
        ("a" * 501, "the expression has 501 characters"),
        ("[\\x00]", "is not supported"),
    ],
)
def test_an_expression_outside_the_subset_says_why_and_where(pattern: str, words: str) -> None:
    with pytest.raises(SchemaError, match="column 'x', option pattern: ") as error:
        schema(column("Regular Expression", pattern=pattern))
    assert words in str(error.value)


def test_positions_count_the_anchor() -> None:
    with pytest.raises(ValueError, match="at character 4: "):
        parse_regex("^ab*?$"[:3] + ")")


def test_templates_join_values_as_csv_writes_them() -> None:
    made = frame(
        column("First Name", "f"),
        column("Integer", "i"),
        column("Date", "d"),
        column("Datetime", "t"),
        column("Boolean", "b"),
        column("Decimal", "e", null_share=0.3),
        column("Template", "x", template="{f|upper}/{ f | first(2) | lower }: {{{i}}} {d} {t} {b} {e}"),
    )
    for f, i, d, t, b, e, x in made.rows():
        expected = f"{f.upper()}/{f[:2].lower()}: {{{i}}} {d} {t:%Y-%m-%dT%H:%M:%S} {str(b).lower()} {e}"
        assert x == (None if e is None else expected)


def test_slugs() -> None:
    texts = ["O'Brien & Söhne -- Łódź", "  A  b_c!", "", "Straße 7", "Київ", "が 日本", "x", "--", "É"]
    slugs = ["obrien-sohne-lodz", "a-b-c", "", "strasse-7", "київ", "が-日本", "x", "", "e"]
    made = frame(column("Choice", "c", values=texts), column("Template", "x", template="{c|slug}"), rows=500)
    expected = dict(zip(texts, slugs, strict=True))
    assert {(c, x) for c, x in made.rows()} == set(expected.items())
    plain = frame(column("Full Name", "n"), column("Template", "x", template="{n|slug}"), rows=500)
    assert [x for _, x in plain.rows()] == ["-".join(n.lower().split(" ")) for n, _ in plain.rows()]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("plain", "names no column"),
        ("{}", "the braces at character 1 name no column"),
        ("{n", "'{' at character 1 stands alone"),
        ("a } b {n}", "'}' at character 3 stands alone"),
        ("{n|title}", "there is no function 'title'; there are lower, upper, slug, first(n)"),
        ("{n|first}", "there is no function 'first'"),
        ("{n|first(0)}", "from 1 to 1000"),
        ("{n|first(-1)}", "there is no function"),
        ("{n|lower()}", "there is no function"),
        ("{n" + "|lower" * 6 + "}", "6 functions"),
        ("{n}" * 21, "names 21 columns"),
        ("{n}" + "x" * 1000, "the template has 1003 characters"),
        ("{n.__class__}", "there is no column 'n.__class__'"),
        ("{n!r}", "there is no column 'n!r'"),
        ("{0}", "there is no column '0'"),
        ("{x}", "made of itself: x → x"),
    ],
)
def test_a_template_that_cannot_be(template: str, words: str) -> None:
    with pytest.raises(SchemaError, match="column 'x'") as error:
        schema(column("Job", "n"), column("Template", template=template))
    assert words in str(error.value)


def test_templates_of_templates_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [column("Text", "c0", from_=20, to=20)]
    columns += [column("Template", f"c{n}", template=f"{{c{n - 1}}}" * 20) for n in range(1, 4)]
    with pytest.raises(SchemaError, match="column 'c2': a value has more than 65536 bytes"):
        frame(*columns, rows=1)
    with monkeypatch.context() as patch, pytest.raises(SchemaError, match="column 'c2'"):
        joined: list[int] = []

        def counted(*parts: Any) -> Any:
            joined.append(len(parts))
            return generator_input.joined(*parts)

        patch.setattr(templates, "joined", counted)
        frame(*columns, rows=1)
    assert joined == [20]  # the first one; the second is not joined, since it would be too large
    long = [column("Template", f"c{n}", template=f"{{c{n - 1}}}") for n in range(1, 40)]
    with pytest.raises(SchemaError, match="more than 30 columns are made of each other"):
        schema(column("Job", "c0"), *long)


def test_few_rows_are_made_at_once_where_they_are_large() -> None:
    texts = column("Choice", "c", values=["", "x" * 1000], weights=[3, 1])
    grown = [column("Template", "d", template="{c}" * 20), column("Template", "e", template="{d}{d}{d}")]
    assert 500 < _fitting_rows(Frames(schema(texts, *grown), 10**6), 4) < 2500  # 24 MB of 20 kB each
    assert _fitting_rows(Frames(schema(texts), 10**6), 4) == 65_536
    wide = [column("Template", f"e{n}", template="{d}{d}{d}") for n in range(40)]
    assert _fitting_rows(Frames(schema(texts, grown[0], *wide), 10**6), 4) < 80


def test_the_parts_of_a_template() -> None:
    parts = parse_template("{{{a|first(3)}}}!")
    assert [part if isinstance(part, str) else part.column for part in parts] == ["{", "a", "}", "!"]
