"""The picture of the data model: fresh, complete, and in Mermaid's language.

Here: the page, and the small grammar of Mermaid's entity-relationship diagrams that it uses. Not here: the data
dictionary (test_pages.py) and where references come from in a build (dbt/test_comments.py).
"""

import re
from collections import Counter

import pytest

from vsf_assets.devtools.data_dictionary import DictionaryColumn, DictionaryTable, Reference, current_entries, of_models
from vsf_assets.devtools.data_model import PAGE, current_page, data_model, picture
from vsf_assets.feeds import all_feeds
from vsf_assets_tests.docs.pages import blocks

PICTURES = blocks(PAGE.read_text(encoding="utf-8"), "mermaid")
HEAD = ["erDiagram", "    direction LR"]
BOX = re.compile(r'    (?P<id>[a-z_]+)\["(?P<name>[a-z]+\.[a-z_]+)"\](?P<open> \{)?')
COLUMN = re.compile(r'        [a-z]\w* [A-Za-z_]\w*( (PK|FK|PK, FK))?( "[^"]+")?')
LINE = re.compile(r'    (?P<target>[a-z_]+) (\|\||\|o|\}o)--(o\||o\{) (?P<id>[a-z_]+) : "(?P<columns>[^"]+)"')


def check(text: str) -> list[str]:
    """Return the tables of a picture; fails where a line is not of the grammar, or leads from or to no box."""
    lines = text.rstrip("\n").split("\n")
    assert lines[:2] == HEAD
    names, is_open = {}, False
    for line in lines[2:]:
        if is_open:
            assert line == "    }" or COLUMN.fullmatch(line), line
            is_open = line != "    }"
        elif box := BOX.fullmatch(line):
            assert box["id"] not in names
            names[box["id"]], is_open = box["name"], bool(box["open"])
        else:
            drawn = LINE.fullmatch(line)
            assert drawn and {drawn["target"], drawn["id"]} <= set(names), line
    assert not is_open
    return list(names.values())


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == current_page(), "docs/data-model.md is stale; run: make generated"


@pytest.mark.parametrize("text", PICTURES, ids=range(len(PICTURES)))
def test_each_picture_is_mermaid(text: str) -> None:
    assert check(text)


def test_every_table_stands_in_the_picture_of_its_own_family() -> None:
    page = PAGE.read_text(encoding="utf-8")
    sections = {text.split("\n")[0]: text for text in page.split("\n## ")[1:]}
    assert list(sections) == [*sorted({feed.models for feed in all_feeds().values()}), "ledger"]
    entries = current_entries()
    shown = {name: {t for b in blocks(text, "mermaid") for t in check(b)} for name, text in sections.items()}
    assert {e.name for e in entries} == set().union(*shown.values())
    assert [e.name for e in entries if e.family and e.name not in shown[e.family]] == []
    assert "reports.fake_requests" in shown["synthetic"]
    # Only what others refer to stands in several.
    repeated = {name for name, times in Counter(t for tables in shown.values() for t in tables).items() if times > 1}
    assert repeated <= {r.target.rsplit(".", 1)[0] for e in entries for r in e.references}


def test_a_picture_has_keys_and_references_and_how_many_rows_they_join() -> None:
    shop = DictionaryTable(
        "marts.dim_shops",
        "",
        ("shop_key",),
        (DictionaryColumn("shop_key", "varchar", ""), DictionaryColumn("city", "varchar", "")),
    )
    lineage = DictionaryColumn("_file_id", "bigint", "")
    raw = DictionaryTable(
        "raw.sales", "", ("id",), (lineage, DictionaryColumn("id", "bigint", "")), key_may_repeat=True
    )
    sale = DictionaryTable(
        "marts.fct_sales",
        "",
        ("day", "number"),
        (
            DictionaryColumn("day", "date", ""),
            DictionaryColumn("number", "bigint", ""),
            DictionaryColumn("shop_key", "varchar", ""),
            DictionaryColumn("price", "decimal(18,6)", ""),
        ),
        (
            Reference("shop_key", "marts.dim_shops.shop_key", is_certain=True),
            Reference("number", "raw.sales.id"),
        ),
    )
    detail = DictionaryTable(
        "marts.fct_details",
        "",
        ("day", "number"),
        (DictionaryColumn("day", "date", ""), DictionaryColumn("number", "bigint, may be empty", "")),
        (Reference("day", "marts.fct_sales.day"), Reference("number", "marts.fct_sales.number")),
    )
    by_name = {entry.name: entry for entry in (shop, raw, sale, detail)}
    text = picture([shop, sale, detail], by_name)
    check(text)
    assert text.split("\n") == [
        *HEAD,
        '    raw_sales["raw.sales"] {',
        '        bigint id "key, may repeat"',
        "    }",
        '    marts_dim_shops["marts.dim_shops"] {',
        "        varchar shop_key PK",
        "    }",
        '    marts_fct_sales["marts.fct_sales"] {',
        "        date day PK",
        "        bigint number PK, FK",
        "        varchar shop_key FK",
        "    }",
        '    marts_fct_details["marts.fct_details"] {',
        "        date day PK, FK",
        "        bigint number PK, FK",
        "    }",
        '    marts_dim_shops ||--o{ marts_fct_sales : "shop_key"',
        '    raw_sales }o--o{ marts_fct_sales : "number"',
        '    marts_fct_sales |o--o| marts_fct_details : "day, number"',
    ]


def test_a_reference_to_no_table_or_column_is_refused() -> None:
    entry = DictionaryTable(
        "marts.a", "", (), (DictionaryColumn("x", "bigint", ""),), (Reference("x", "marts.b.y"),), family="mobile"
    )
    with pytest.raises(KeyError, match=r"marts\.b"):
        data_model([entry], {"mobile": ""})


def test_every_reference_names_a_column_that_exists() -> None:
    entries = current_entries()
    there = {f"{entry.name}.{column.name}" for entry in entries for column in entry.columns}
    named = {reference.target for entry in entries for reference in entry.references}
    assert named - there == set()


def test_references_come_from_tests_and_from_what_a_column_declares() -> None:
    tested = {"relationships": {"arguments": {"to": "ref('dim_x')", "field": "x_key"}}}
    partly = {"relationships": {**tested["relationships"], "config": {"where": "a > 1"}}}
    columns = [
        {"name": "x_key", "data_tests": [tested]},
        {"name": "first_x_key", "data_tests": [partly, "not_null"]},
        {"name": "y", "config": {"meta": {"references": "reports.y.y"}}},
    ]
    whole = {"rows_with_required": {"arguments": {"required": ["x_key", "first_x_key", "y"]}}}
    files = {
        "marts/a/dim_x.yml": {"models": [{"name": "dim_x"}]},
        "marts/a/fct_z.yml": {"models": [{"name": "fct_z", "columns": columns, "data_tests": [whole]}]},
    }
    found = {entry.name: entry for entry in of_models(files)}["marts.fct_z"]
    assert found.family == "a"
    assert found.references == (
        Reference("x_key", "marts.dim_x.x_key", is_certain=True),
        Reference("first_x_key", "marts.dim_x.x_key"),
        Reference("y", "reports.y.y"),
    )
