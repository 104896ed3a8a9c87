"""Contracts and what they are turned into: types, DDL, versions, and the dbt sources they must match."""

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl
import pytest
import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts import all_tables, get_table
from vsf_assets.contracts.derived_schemas import columns, contract_version, create_sql, duckdb_type, polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.reading import JsonLines, reading_text


def table(**fields: Any) -> Table:
    """Return a contract with these columns: name=(type, pandera field)."""
    annotations = {name: kind for name, (kind, _) in fields.items()}
    values = {name: value for name, (_, value) in fields.items()}
    model = type("Model", (pa.DataFrameModel,), {"__annotations__": annotations, **values})
    return Table("raw.made", "a row", (), model)


def test_money_is_decimal_and_counts_are_bigint() -> None:
    assert polars_types(get_table("raw.conversions")) == {
        "conversion_id": pl.Int64(),
        "click_id": pl.Int64(),
        "revenue": pl.Decimal(18, 6),
    }
    assert create_sql(get_table("raw.conversions")) == (
        'create table if not exists raw.conversions ("_file_id" bigint, "_line" bigint,'
        ' "conversion_id" bigint, "click_id" bigint, "revenue" decimal(18,6))'
    )


def test_ledger_tables_carry_no_lineage() -> None:
    assert [c.name for c in columns(get_table("raw.files"))][:2] == ["file_id", "feed"]


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (pl.String(), "varchar"),
        (pl.Boolean(), "boolean"),
        (pl.Float64(), "double"),
        (pl.Date(), "date"),
        (pl.Datetime(), "timestamp"),
        (pl.Int32(), "integer"),
        (pl.List(pl.String()), "varchar[]"),
        (pl.Decimal(38, 2), "decimal(38,2)"),
    ],
)
def test_polars_type_has_a_plain_duckdb_type(dtype: pl.DataType, name: str) -> None:
    assert duckdb_type(dtype) == name


def test_type_without_a_plain_duckdb_type_is_refused() -> None:
    with pytest.raises(TypeError, match=r"derived_schemas\.py"):
        duckdb_type(pl.Duration())


BASE = {"a": (int, pa.Field(ge=0, description="one")), "b": (str, pa.Field(nullable=True))}


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({}, False),
        ({"a": (int, pa.Field(ge=0, description="other words"))}, False),
        ({"a": (float, pa.Field(ge=0, description="one"))}, True),
        ({"a": (int, pa.Field(ge=1, description="one"))}, True),
        ({"b": (str, pa.Field(nullable=False))}, True),
        ({"b": (Annotated[pl.Decimal, 18, 6], pa.Field(nullable=True))}, True),
        ({"c": (str, pa.Field())}, True),
    ],
    ids=["nothing", "description", "type", "rule", "nullable", "decimal", "new column"],
)
def test_version_changes_with_the_meaning_only(change: dict[str, Any], is_new: bool) -> None:
    before = contract_version((table(**BASE),), "csv")
    assert (contract_version((table(**{**BASE, **change}),), "csv") != before) == is_new


def test_version_changes_with_the_dialect_and_the_order_of_columns() -> None:
    before = contract_version((table(**BASE),), "csv")
    assert contract_version((table(**BASE),), "tsv") != before
    assert contract_version((table(**dict(reversed(BASE.items()))),), "csv") != before


def test_every_contract_is_described_and_every_feed_has_its_contracts() -> None:
    for contract in all_tables().values():
        assert contract.grain and contract.model.__doc__
        assert all(column.description for column in columns(contract)), contract.name
        assert set(contract.key) <= {column.name for column in columns(contract)}
        assert {column for column, _ in contract.references} <= {column.name for column in columns(contract)}
    for feed in all_feeds().values():
        assert [get_table(name).name for name in feed.tables] == list(feed.tables)


def dbt_sources() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for path in sorted((PROJECT_ROOT / "dbt_project" / "models").rglob("_sources.yml")):
        for source in yaml.safe_load(path.read_text())["sources"]:
            for listed in source["tables"]:
                name = f"{source.get('schema', source['name'])}.{listed['name']}"
                assert name not in found, f"{name} is declared twice"
                found[name] = listed["columns"]
    return found


def test_dbt_sources_and_contracts_are_the_same_tables() -> None:
    assert sorted(dbt_sources()) == sorted(all_tables())


@pytest.mark.parametrize("name", list(all_tables()))
def test_dbt_source_has_the_contracts_columns_types_and_descriptions(name: str) -> None:
    listed = dbt_sources()[name]
    expected = [(c.name, c.type) for c in columns(get_table(name))]
    assert [(c["name"], c["data_type"]) for c in listed] == expected
    assert all(c.get("description") for c in listed)


@pytest.mark.parametrize("feed", all_feeds().values(), ids=lambda feed: feed.name)
def test_a_raised_revision_of_a_reading_changes_the_version(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tuple(get_table(name) for name in feed.tables)
    before = contract_version(tables, reading_text(feed.reading))
    monkeypatch.setattr(type(feed.reading), "revision", feed.reading.revision + 1)
    assert contract_version(tables, reading_text(feed.reading)) != before


def test_the_first_revision_leaves_the_version_as_it_was_without_one() -> None:
    assert reading_text(JsonLines()) == "JsonLines()"
    assert JsonLines.revision == 1
