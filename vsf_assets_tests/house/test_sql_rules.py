"""Five rules for the SQL of models and tests, held on compiled SQL with DuckDB's own parser (decision 0029).

Here: the rules, and a bad query for each. Not here: what may read what (test_dbt_layers.py), and layout.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from vsf_assets_tests.prebuilt import compiled_sql

Tree = dict[str, Any]


def nodes(tree: Any) -> Iterator[Tree]:
    """Yield every object of a parsed query, outer ones first."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def parsed(sql: str) -> Tree:
    row = duckdb.connect().execute("select json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    tree: Tree = json.loads(row[0])
    assert not tree["error"], tree
    return tree


def selects(tree: Tree) -> Iterator[Tree]:
    return (node for node in nodes(tree) if node.get("type") == "SELECT_NODE")


def joined(table: Tree) -> Iterator[str]:
    """Yield the names by which a FROM clause knows its tables."""
    if table["type"] == "JOIN":
        yield from joined(table["left"])
        yield from joined(table["right"])
    elif table["type"] != "EMPTY":
        yield table.get("alias") or table.get("table_name") or ""


def name_of(column: Tree) -> str:
    if column.get("alias"):
        return str(column["alias"])
    return str(column["column_names"][-1]) if column.get("type") == "COLUMN_REF" else ""


def repeated(names: Iterator[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if name and times > 1]


def unused_cte(tree: Tree) -> list[str]:
    """A CTE that nothing reads is a rest of an earlier version of the query."""
    made = [entry["key"] for node in nodes(tree) for entry in (node.get("cte_map") or {}).get("map") or []]
    read = {node.get("table_name") for node in nodes(tree) if node.get("type") == "BASE_TABLE"}
    return [name for name in made if name not in read]


def repeated_alias(tree: Tree) -> list[str]:
    """Two tables of one FROM clause with the same name: a column would be of whichever comes first."""
    return [name for select in selects(tree) for name in repeated(joined(select["from_table"]))]


def repeated_column(tree: Tree) -> list[str]:
    """Two columns of one select with the same name: the second gets another name without a word."""
    return [name for select in selects(tree) for name in repeated(map(name_of, select["select_list"]))]


def is_null(expression: Tree) -> bool:
    """Whether an expression is the literal null, in the form of DuckDB 1.5 or of 2.0."""
    return bool((expression.get("value") or {}).get("is_null")) or kind_of_literal(expression) == "NULL_LITERAL"


def kind_of_literal(expression: Tree) -> str:
    return str((expression.get("literal") or {}).get("kind", ""))


def literal(expression: Tree) -> str:
    """Return the text of a literal, in the form of DuckDB 1.5 or of 2.0."""
    return str(expression["literal"]["text"] if "literal" in expression else expression["value"]["value"])


def comparison_with_null(tree: Tree) -> list[str]:
    """`= null` and `!= null` are never true."""
    kinds = ("COMPARE_EQUAL", "COMPARE_NOTEQUAL")
    compared = [node for node in nodes(tree) if node.get("class") == "COMPARISON" and node.get("type") in kinds]
    sides = [side for node in compared for side in (node["left"], node["right"])]
    return ["null" for side in sides if is_null(side)]


def position_for_a_name(tree: Tree) -> list[str]:
    """`order by 1` and `group by 1` mean another column once one is added before it."""
    found = [order["expression"] for node in nodes(tree) for order in node.get("orders") or []]
    found += [expression for select in selects(tree) for expression in select.get("group_expressions") or []]
    return [literal(one) for one in found if one.get("type") == "VALUE_CONSTANT"]


RULES: dict[Callable[[Tree], list[str]], str] = {
    unused_cte: "with a as (select 1 as x), b as (select 2 as x) select x from b",
    repeated_alias: "select 1 from marts.x as t inner join reports.y as t on true",
    repeated_column: "select a.x, b.x from a inner join b on a.y = b.y",
    comparison_with_null: "select 1 from a where x = null",
    position_for_a_name: "select x, count(*) as n from a group by 1",
}


@pytest.fixture(scope="module")
def queries() -> dict[str, Tree]:
    """Return path -> parsed query of every model and every test that spans tables."""
    folder = compiled_sql()
    paths = [path for kind in ("models", "tests") for path in (folder / kind).rglob("*.sql")]
    paths = [path for path in paths if not path.parent.name.endswith(".yml")]
    return {path.relative_to(folder).as_posix(): parsed(path.read_text(encoding="utf-8")) for path in sorted(paths)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_compiled_sql_keeps_the_rule(rule: Callable[[Tree], list[str]], queries: dict[str, Tree]) -> None:
    assert len(queries) > 100
    assert {path: found for path, tree in queries.items() if (found := rule(tree))} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_what_it_forbids(rule: Callable[[Tree], list[str]]) -> None:
    assert rule(parsed(RULES[rule])) != []
    good = "with a as (select x, y from t) select a.x, count(*) as n from a where y is null group by a.x order by a.x"
    assert rule(parsed(good)) == []
