"""Foreign keys: values that the other file has, computed without it."""

from collections import Counter
from typing import Any

import pytest

from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of
from vsf_assets_tests.synthetic.making import LATER, MORE, PARENT, TEN, column, frame, schema

KINDS = [column(kind, kind) for kind in (*TEN, *MORE)]


def named(name: str, *columns: dict[str, object]) -> Schema:
    return schema_of({"name": name, "today": "2029-12-31", "columns": list(columns)})


@pytest.mark.parametrize("kind", [each["name"] for each in (*KINDS, *LATER)])
def test_every_value_is_one_of_the_other_file_for_any_type(kind: str) -> None:
    """The other file of 60 rows is generated; it must have every value."""
    parent = named("other", *KINDS, *LATER)
    there = Frames(parent, 60, 9, parents=[PARENT]).frame(0, 60)[kind].to_list()
    key = column("Foreign Key", schema="other", column=kind, rows=60, seed=9)
    found = frame(key, rows=2000, parents=(parent, PARENT))["x"].to_list()
    assert set(found) == set(there), "of 2,000 draws each of 60 rows is missed with a probability of 1e-13"


def test_each_row_of_the_other_file_is_equally_frequent() -> None:
    found = Counter(
        frame(column("Foreign Key", schema="parent", column="id", rows=4), rows=20_000, parents=(PARENT,))["x"]
    )
    assert set(found) == {7, 8, 9, 10}
    assert max(abs(count - 5000) for count in found.values()) < 330


def test_another_seed_is_another_file() -> None:
    one, two, same = (
        set(frame(column("Foreign Key", schema="parent", column="n", rows=9, seed=s), parents=(PARENT,))["x"])
        for s in (1, 2, 1)
    )
    assert one == same
    assert one != two


def test_ten_thousand_values_of_a_large_file_are_all_found_in_it() -> None:
    parent = named("large", column("Email", "mail", unique=True))
    there = set(Frames(parent, 50_000, 3).frame(0, 50_000)["mail"])
    key = column("Foreign Key", schema="large", column="mail", rows=50_000, seed=3)
    assert set(frame(key, rows=10_000, parents=(parent,))["x"]) <= there


def test_a_unique_key_uses_each_row_at_most_once() -> None:
    key = column("Foreign Key", schema="parent", column="id", rows=500, unique=True)
    assert sorted(frame(key, rows=500, parents=(PARENT,))["x"]) == list(range(7, 507))
    for rows, name, words in [
        (501, "id", "501 rows need 501"),
        (5, "n", "column 'n' of schema 'parent' is not unique"),
    ]:
        key = column("Foreign Key", schema="parent", column=name, rows=500, unique=True)
        with pytest.raises(SchemaError, match=words):
            frame(key, rows=rows, parents=(PARENT,))
    gaps = named("gaps", column("UUID", "u", unique=True, null_share=0.5))
    with pytest.raises(SchemaError, match="has missing values"):
        frame(column("Foreign Key", schema="gaps", column="u", rows=9, unique=True), rows=2, parents=(gaps,))


def test_keys_of_keys_and_what_is_made_of_them() -> None:
    countries = named("countries", column("Sequence", "id", from_=100))
    people = named(
        "people", column("Foreign Key", "country", schema="countries", column="id", rows=5), column("Sequence", "id")
    )
    made = frame(
        column("Foreign Key", "c", schema="people", column="country", rows=50),
        column("Template", "t", template="in {c}"),
        parents=(people, countries),
    )
    assert set(made["c"]) == {100, 101, 102, 103, 104}
    assert made["t"].to_list() == [f"in {c}" for c in made["c"]]


def test_a_missing_value_of_the_other_file_is_missing_here() -> None:
    gaps = named("gaps", column("Integer", "i", null_share=0.5))
    found = frame(column("Foreign Key", schema="gaps", column="i", rows=1000), parents=(gaps,))["x"]
    assert 400 < found.null_count() < 600


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schema": "paren", "column": "id", "rows": 1}, "there is no schema 'paren'; there are: parent; did you mean"),
        ({"schema": "parent", "column": "ID", "rows": 1}, "schema 'parent' has no column 'ID'; did you mean id"),
        ({"schema": "parent", "column": "id", "rows": 0}, "option rows: 0 is not between 1"),
        ({"schema": "parent", "column": "id"}, "option rows: it is missing"),
        ({"schema": "../x", "column": "id", "rows": 1}, "option schema: '../x' is not allowed"),
        ({"schema": "parent", "column": "id", "rows": 1, "seed": "x"}, "option seed: 'x' is not a whole number"),
        ({"schema": "full", "column": "u", "rows": 700}, "schema 'full': column 'u', option unique: 700 rows need 700"),
    ],
)
def test_a_key_that_cannot_be(options: dict[str, Any], words: str) -> None:
    full = named("full", column("Job", "u", unique=True))
    with pytest.raises(SchemaError, match="column 'x'") as error:
        frame(column("Foreign Key", **options), rows=2, parents=(PARENT, full) if "full" in str(options) else (PARENT,))
    assert words in str(error.value)


def test_circles_are_refused_with_their_path_also_where_no_value_needs_them() -> None:
    def other(name: str, *to: str) -> Schema:
        keys = [column("Foreign Key", f"k{n}", schema=each, column="id", rows=2) for n, each in enumerate(to)]
        return named(name, column("Sequence", "id"), *keys)

    known = (other("a", "b"), other("b", "c"), other("c", "a", "parent"), PARENT)
    with pytest.raises(SchemaError, match="in a circle: a → b → c → a"):
        Frames(known[0], 5, parents=known[1:])
    with pytest.raises(SchemaError, match="in a circle: a → b → c → a"):
        Frames(other("test", "a"), 5, parents=known)
    with pytest.raises(SchemaError, match="in a circle: a → a"):
        Frames(other("a", "a"), 5)
    long = [other(f"s{n}", f"s{n + 1}") for n in range(12)]
    with pytest.raises(SchemaError, match="more than 10 schemas refer to each other"):
        Frames(long[0], 5, parents=long[1:])


def test_the_work_of_keys_of_keys_is_bounded() -> None:
    def wide(number: int) -> Schema:
        keys = [column("Foreign Key", f"k{n}", schema=f"w{number + 1}", column="t", rows=2) for n in range(15)]
        template = "".join(f"{{k{n}}}" for n in range(15))
        return named(f"w{number}", *keys, column("Template", "t", template=template))

    known = [wide(0), wide(1), wide(2), named("w3", column("Job", "t"))]
    with pytest.raises(SchemaError, match="lead to more than 1000 columns"):
        Frames(known[0], 5, parents=known[1:])


def test_open_dates_of_the_other_schema_need_a_day_too() -> None:
    days = schema_of({"name": "days", "columns": [column("Date", "d")]})
    made = schema(column("Foreign Key", schema="days", column="d", rows=9))
    with pytest.raises(SchemaError, match="schema 'days': a range of days has no end"):
        Frames(made, 5, parents=[days])
