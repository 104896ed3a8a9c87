"""Judges in SQL and in Python: rules of settings files, names of objects.

Here: generators of edge values and properties. The SQL is that of the macros; what Python
says is written a second time here.
"""

import operator
import re
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
from hypothesis import strategies as st

from vsf_assets.config.rule_expressions import parse_rule
from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.feeds.by_family.catalog import file_name, object_name

_OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
}
_LITERALS = [
    "4",
    "4.5",
    "0.1",
    "+1000000",
    "-1",
    "1000000",
    "999999",
    "0",
    "4.0",
    "9223372036854775807",
    "9223372036854775808",
    "0.30",
]
_COMPARISON = st.tuples(
    st.sampled_from(["rating", "size_bytes"]), st.sampled_from(list(_OPERATORS)), st.sampled_from(_LITERALS)
)
_RULES = st.tuples(
    st.lists(_COMPARISON, min_size=1, max_size=3),
    st.lists(st.sampled_from(["and", "or", "AND"]), min_size=2, max_size=2),
)
_RATINGS = st.sampled_from([4.0, 4.5, 0.1, 0.30000000000000004, 0.3, -1.0, 0.0, 1e300, 3.9999999999999996])
_SIZES = st.sampled_from([0, 999_999, 1_000_000, 1_000_001, 2**63 - 1, -(2**63), 4, -1])
awesome = st.tuples(_RULES, _RATINGS, _SIZES)


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@cache
def _macro(name: str) -> str:
    """Return the SQL of a macro of one argument, with the argument as `value`."""
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "catalog_values.sql").read_text(encoding="utf-8")
    found = re.search(rf"macro {name}\((\w+)\) -%}}(.*?){{%-? endmacro", text, re.DOTALL)
    assert found is not None
    argument, body = found.groups()
    return re.sub(rf"{{{{ *{argument} *}}}}", "value", body).strip()


def _evaluate(comparisons: list[tuple[str, str, str]], joints: list[str], row: dict[str, Any]) -> bool:
    """Evaluate a rule by itself: `and` binds closer than `or`; numbers are what a double or a whole number is."""
    said = [
        _OPERATORS[how](float(row[name]) if name == "rating" else Fraction(row[name]), _number(name, literal))
        for name, how, literal in comparisons
    ]
    groups, current = [], said[0]
    for joint, value in zip(joints, said[1:], strict=False):
        if joint.lower() == "and":
            current = current and value
        else:
            groups.append(current)
            current = value
    return any([*groups, current])


def _number(name: str, literal: str) -> float | Fraction:
    return float(literal) if name == "rating" else Fraction(literal)


def rule_in_sql_and_python(given: tuple[Any, float, int]) -> None:
    """Check that DuckDB answers the one spelling of a rule as Python answers the rule as written."""
    (comparisons, joints), rating, size = given
    words = [" ".join(comparisons[0])]
    for joint, comparison in zip(joints, comparisons[1:], strict=False):
        words += [joint, " ".join(comparison)]
    sql = parse_rule(" ".join(words)).sql
    row = {"rating": rating, "size_bytes": size}
    query = f"select {sql} from (select cast(? as double) as rating, cast(? as bigint) as size_bytes)"
    ((answer,),) = _connection().execute(query, [rating, size]).fetchall()
    assert answer == _evaluate(comparisons, joints, row)


object_names = st.lists(
    st.sampled_from(
        ["a", "/", "%", "%2F", "%zz", "+", " ", "ä", "\\", ".", ".tmp", ".part", ".done", "\x07", "名", "&", "?", "%C3"]
    ),
    min_size=1,
    max_size=5,
).map("".join)


def object_name_in_python_and_sql(name: str) -> None:
    """Check that Python and the macro give back the name of an object of the name of its file."""
    kept = file_name(name)
    assert object_name(kept) == name
    query = f"select {_macro('object_name').replace('file_name', 'value')} from (select ? as value)"
    query = query.replace("{{ value }}", "value")
    ((answer,),) = _connection().execute(query, [kept]).fetchall()
    assert answer == name
