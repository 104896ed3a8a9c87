"""Anomalies, tables and queries in the pages are the ones of the code."""

import re

import duckdb
import pytest
import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.docs.pages import blocks, table_rows, text_of

EXAMPLES = blocks(text_of("docs/analysts.md"), "sql")


def vocabulary() -> set[str]:
    """Return the kinds of anomalies that the check on reports.anomalies knows."""
    model = yaml.safe_load(text_of("dbt_project/models/reports/ledger/anomalies.yml"))["models"][0]
    column = next(c for c in model["columns"] if c["name"] == "anomaly")
    test = next(t["accepted_values"] for t in column["data_tests"] if "accepted_values" in t)
    return set(test["arguments"]["values"])


def used_kinds() -> set[str]:
    """Return the kinds that declarations and ingest (as an argument of a call) and the models can write today."""
    rooms = [PROJECT_ROOT / "vsf_assets" / room for room in ("feeds", "readers", "ingest", "synthetic")]
    python = [path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py")]
    models = [path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "dbt_project").glob("m*/**/*.sql")]
    found = {kind for text in python for kind in re.findall(r'"([a-z_]+)"(?=[,)])', text)}
    found |= {kind for text in models for kind in re.findall(r"'([a-z_]+)'", text)}
    written = {
        kind for text in python for kind in re.findall(r"(?:UnreadableError|Problem|file_finding)\(\s*\"(\w+)", text)
    }
    return (found & vocabulary()) | written


def documented() -> dict[str, str]:
    """Return anomaly -> severity of the table in docs/feeds.md."""
    section = text_of("docs/feeds.md").split("## Anomalies")[1].split("\n## ")[0]
    return {row[0].strip("`"): row[1] for row in table_rows(section) if row[0].startswith("`")}


def test_the_feeds_page_explains_exactly_the_anomalies_that_occur() -> None:
    assert set(documented()) == used_kinds()


def test_the_feeds_page_speaks_the_common_vocabulary() -> None:
    assert set(documented()) <= vocabulary()
    assert set(documented().values()) == {"error", "warning"}


@pytest.mark.parametrize("sql", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_one_query_that_parses(sql: str) -> None:
    (statement,) = duckdb.extract_statements(sql)
    assert statement.type == duckdb.StatementType.SELECT


@pytest.mark.parametrize("sql", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_asks_tables_of_the_dictionary(sql: str) -> None:
    requested = re.findall(r"\b((?:marts|reports|raw|staging)\.\w+)", sql)
    assert requested
    assert [table for table in requested if f"### {table}\n" not in text_of("docs/data-dictionary.md")] == []
