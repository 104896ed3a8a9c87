"""Inserts that are planned once: each call stores its own rows, whatever came between."""

import sys
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

from vsf_assets.warehouse.duckdb_private import block_missing_optional_imports, expect_few_rows
from vsf_assets.warehouse.prepared_inserts import Inserts
from vsf_assets.warehouse.writer import Writer, by_all_threads


@pytest.fixture
def inserts() -> Iterator[Inserts]:
    with duckdb.connect() as connection:
        connection.execute("create table t (id bigint, a varchar, b bigint)")
        yield Inserts(connection)


def rows(inserts: Inserts) -> list[tuple[object, ...]]:
    return inserts.connection.execute("select id, a, b from t order by all").fetchall()


def test_each_call_inserts_its_own_rows_and_number(inserts: Inserts) -> None:
    for number, names in enumerate((["x", "y"], ["z"], [])):
        inserts.add(
            "t", pl.DataFrame({"b": [7] * len(names), "a": names}, schema={"b": pl.Int64, "a": pl.String}), id=number
        )
    assert rows(inserts) == [(0, "x", 7), (0, "y", 7), (1, "z", 7)]


def test_frames_of_other_types_are_planned_by_themselves(inserts: Inserts) -> None:
    inserts.add("t", pl.DataFrame({"a": ["x"], "b": [1]}))
    inserts.add("t", pl.DataFrame({"a": ["y"], "b": [2]}, schema={"a": pl.String, "b": pl.Int8}))
    inserts.add("t", pl.DataFrame({"id": [3]}))
    assert rows(inserts) == [(3, None, None), (None, "x", 1), (None, "y", 2)]


def test_a_plan_outlives_a_rollback_and_a_changed_catalog(inserts: Inserts) -> None:
    connection = inserts.connection
    connection.execute("begin transaction")
    inserts.add("t", pl.DataFrame({"a": ["lost"]}))
    connection.execute("rollback")
    inserts.add("t", pl.DataFrame({"a": ["x"]}))
    connection.execute("create table other (c int)")
    inserts.add("t", pl.DataFrame({"a": ["y"]}))
    connection.execute("alter table t add column d int")
    inserts.add("t", pl.DataFrame({"a": ["z"]}))
    assert rows(inserts) == [(None, "x", None), (None, "y", None), (None, "z", None)]


def test_rows_that_failed_do_not_come_back(inserts: Inserts) -> None:
    inserts.add("t", pl.DataFrame({"a": ["x"], "b": ["1"]}))
    with pytest.raises(duckdb.ConversionException):
        inserts.add("t", pl.DataFrame({"a": ["y"], "b": ["no number"]}))
    inserts.add("t", pl.DataFrame({"a": ["z"], "b": ["2"]}))
    assert rows(inserts) == [(None, "x", 1), (None, "z", 2)]


def keeps_order(connection: duckdb.DuckDBPyConnection) -> object:
    return connection.execute("select current_setting('preserve_insertion_order')").fetchall()[0][0]


def test_only_parts_of_a_wide_table_are_inserted_in_any_order(inserts: Inserts) -> None:
    found = {}
    for table in ("raw.events", "raw.lines", "raw.findings", "raw.files"):
        with by_all_threads(inserts.connection, table):
            found[table] = keeps_order(inserts.connection)
        assert keeps_order(inserts.connection)
    assert found == {"raw.events": False, "raw.lines": True, "raw.findings": True, "raw.files": True}


def test_order_is_kept_again_after_parts_that_failed(inserts: Inserts) -> None:
    with (
        pytest.raises(duckdb.IOException),
        Writer(inserts.connection).transaction(),
        by_all_threads(inserts.connection, "raw.events"),
    ):
        inserts.connection.execute("select * from read_parquet('/nowhere/at/all.parquet')")
    assert keeps_order(inserts.connection)


def test_what_is_not_installed_is_hidden_only_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsf_assets.warehouse.duckdb_private._is_installed", lambda name: name == "pyarrow")
    for name in ("pandas", "pyarrow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with block_missing_optional_imports():
        assert sys.modules.get("pandas", "") is None
        assert "pyarrow" not in sys.modules
    assert "pandas" not in sys.modules


def test_expecting_few_rows_leaves_one_optimizer_and_the_same_rows(inserts: Inserts) -> None:
    expect_few_rows(inserts.connection)
    (disabled,) = inserts.connection.execute("select current_setting('disabled_optimizers')").fetchall()[0]
    (known,) = inserts.connection.execute("select list(name) from duckdb_optimizers()").fetchall()[0]
    assert set(known) - set(disabled.split(",")) == {"filter_pushdown"}
    inserts.add("t", pl.DataFrame({"a": ["x", "y"], "b": [1, 2]}))
    assert inserts.connection.execute("select a from t where b > 1").fetchall() == [("y",)]
