"""Wherever two parsers, patterns or casts judge the same thing, they agree: a registry of such pairs.

Each pair has a generator of edge values and a property that both sides must keep; a pair without a generator fails.
Here: the pairs and their properties. Not here: what is right in a single case (the tests of each part). A new pair: a
property in one of the modules of readers_agree/ below, and a line in PAIRS.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, find, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets_tests.readers_agree import delimited, places, rules, titles, values


class Pair(NamedTuple):
    """Two readers of one thing.

    Attributes:
        generator: edge values that both judge.
        agree: raises AssertionError where they differ.
        examples: how many values are tried.
    """

    generator: st.SearchStrategy[Any] | None
    agree: Callable[[Any], None]
    examples: int = 100


PAIRS: dict[str, Pair] = {
    "fast and exact CSV parser": Pair(delimited.bodies(","), delimited.fast_and_exact(","), 150),
    "fast and exact parser of events": Pair(delimited.bodies("|"), delimited.fast_and_exact("|"), 150),
    "whole numbers parsed at once and cast from text": Pair(delimited.numbers, delimited.at_once_and_cast, 150),
    "tolerant reading of many rows and of single ones": Pair(delimited.dictionaries, delimited.many_and_single, 60),
    "header and row": Pair(delimited.header_fields, delimited.header_and_row, 150),
    "blank rows in the fast and the exact parser": Pair(delimited.blanks, delimited.blank_in_both, 150),
    "is_utf8, a strict decoder, polars and what is shown": Pair(values.byte_strings, values.is_utf8_everywhere, 150),
    "fast and exact JSON": Pair(values.json_texts, values.fast_and_exact_json, 100),
    "pattern and cast of dates": Pair(values.dates, values.date_in_python_polars_and_duckdb, 200),
    "pattern and cast of times": Pair(values.times, values.time_in_python_polars_and_duckdb, 200),
    "days of file names, dates of columns and DuckDB": Pair(values.dates, values.day_of_name_and_date_of_column, 200),
    "whole numbers in polars and Python": Pair(values.whole_numbers, values.integer_in_polars_and_python, 200),
    "decimal numbers in polars and Python": Pair(values.decimals, values.decimal_in_polars_and_python, 200),
    "floating point in polars and Python": Pair(values.floats, values.float_in_polars_and_python, 200),
    "pattern of a contract in polars and Python": Pair(values.phone_numbers, values.pattern_in_polars_and_python, 150),
    "folder and bucket listing": Pair(places.trees, places.folder_and_bucket_list, 60),
    "folder, S3 and HTTP source": Pair(places.objects, places.sources_see_the_same, 25),
    "list as a look and as ingest reads it": Pair(places.lists, places.scan_and_ingest_read_list, 150),
    "rule of awesome apps in SQL and Python": Pair(rules.awesome, rules.rule_in_sql_and_python, 100),
    "name of an object in Python and SQL": Pair(rules.object_names, rules.object_name_in_python_and_sql, 100),
    "normalized title in SQL and Python": Pair(titles.titles(), titles.title_in_sql_and_python, 100),
}

NAMED = {
    "fast and exact CSV parser",
    "tolerant reading of many rows and of single ones",
    "fast and exact JSON",
    "header and row",
    "pattern and cast of dates",
    "pattern and cast of times",
    "days of file names, dates of columns and DuckDB",
    "is_utf8, a strict decoder, polars and what is shown",
    "folder and bucket listing",
    "folder, S3 and HTTP source",
    "rule of awesome apps in SQL and Python",
    "normalized title in SQL and Python",
}
"""Pairs that must be among them, whatever else changes."""


def test_the_registry_names_the_pairs_that_are_known() -> None:
    assert set(PAIRS) >= NAMED


@pytest.mark.parametrize("name", PAIRS)
def test_every_pair_has_a_generator_of_different_values(name: str) -> None:
    generator = PAIRS[name].generator
    assert generator is not None, f"{name} has no generator of edge values"
    quick = examples(max_examples=200, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    first = find(generator, lambda _: True, settings=quick)
    assert find(generator, lambda value: value != first, settings=quick) != first


@pytest.mark.parametrize("name", PAIRS)
def test_both_readers_agree(name: str) -> None:
    pair = PAIRS[name]
    assert pair.generator is not None, f"{name} has no generator of edge values"

    @examples(max_examples=pair.examples, suppress_health_check=[HealthCheck.too_slow])
    @given(pair.generator)
    def agree(value: Any) -> None:
        pair.agree(value)

    agree()
