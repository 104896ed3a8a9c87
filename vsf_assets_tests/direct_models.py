"""dbt's models built directly from their compiled SQL: one connection, no dbt, a third of the time.

Compiled SQL depends on the project and the settings alone (dbt/test_compiled_sql.py), so it is compiled once per run of
the tests. Here: compiling it, and running it the way the project's materializations do. Not here: when a home is built
this way (builds.py), tests of dbt's way of building (dbt/, dagster/, cli/), and the comparison of both ways
(dbt/test_direct_models.py).
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY
from vsf_assets.config.settings import Settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import PREVIOUS_BUILD
from vsf_assets.warehouse.forms.form import NO_WAREHOUSE, BuildTarget
from vsf_assets.warehouse.forms.shared_attach import closing_without_transaction
from vsf_assets_tests.data_tests import kept, settings_of_sql
from vsf_assets_tests.forms import attach_target, for_target

_invoke = dbt.invoke
"""dbt itself, also while a test has it replaced."""


def compile_in_full(settings: Settings) -> list[Any]:
    """Return dbt's results of compiling every model for a full build, without a warehouse: SQL depends on none."""
    words = ["compile", "--full-refresh", "--select", "resource_type:model"]
    return list(_invoke(settings, NO_WAREHOUSE, words)[0].result)


def keep_models(results: Iterable[Any], settings: Settings, file: Path) -> None:
    """Write the compiled SQL of every model that has a table, in the order of their dependencies.

    Args:
        results: dbt's, of a build or of compiling, in one of the two forms.
        settings: what compiled SQL may depend on is written with it.
        file: the JSON file to write.
    """
    models = [
        {
            "unique_id": item.node.unique_id,
            "name": item.node.name,
            "schema": item.node.schema,
            "alias": item.node.alias,
            "fqn": item.node.fqn,
            "tags": item.node.tags,
            "sql": item.node.compiled_code,
            "columns": {column.name: column.data_type for column in item.node.columns.values()},
            "contract": item.node.config.contract.enforced,
            "materialized": item.node.config.materialized,
            "days": item.node.config.meta.get("days"),
            "also_without_day": item.node.config.meta.get("also_without_day", False),
        }
        for item in results
        if item.node.resource_type == "model" and item.node.config.materialized != "ephemeral"
    ]
    assert len(models) > 60
    assert {model["materialized"] for model in models} == {"replaced_table", "incremental"}
    file.write_text(json.dumps({"settings": settings_of_sql(settings), "models": models}))


def build_models(target: BuildTarget, file: Path, select: Sequence[str], full: bool) -> list[Any]:
    """Build models in a warehouse and return a result for each, with what `dbt_runner.build` reads of dbt's.

    Args:
        target: the warehouse.
        file: what `keep_models` wrote, in the form that `full` names.
        select: dbt's selectors by dotted names (`fqn:…`); empty for all models.
        full: whether incremental models are made anew.

    Raises:
        duckdb.Error: a model cannot be built; those before it stay built.
    """
    models = kept(file)["models"]
    chosen = [model for model in models if not select or _is_selected(model["fqn"], select)]
    # One thread: with so few rows others cost more than they do.
    made = duckdb.connect(config={"threads": 1, **OWN_SQL_ONLY})
    with closing_without_transaction(made) as connection:
        connection.execute("set TimeZone = 'UTC'")
        attach_target(connection, target)
        _create_tables_of_earlier_builds(connection, models)
        for schema in sorted({model["schema"] for model in chosen}):
            connection.execute(f"create schema if not exists warehouse.{schema}")
        tables = _tables(connection)
        for model in chosen:
            connection.execute("begin transaction")
            for statement in _statements(model, full, is_there=f"{model['schema']}.{model['alias']}" in tables):
                connection.execute(for_target(statement, target))
            connection.execute("commit")
    return [SimpleNamespace(status="success", node=_node(model), execution_time=0.0) for model in chosen]


def _is_selected(fqn: Sequence[str], select: Sequence[str]) -> bool:
    """Return whether one of the selectors names the model, or a folder that it stands in."""
    names = [selector.removeprefix("fqn:").split(".") for selector in select]
    return any(list(fqn[: len(name)]) == name for name in names)


def _create_tables_of_earlier_builds(connection: duckdb.DuckDBPyConnection, models: Sequence[dict[str, Any]]) -> None:
    """Do what macros/previous_build.sql does at the start of a build."""
    for model in models:
        schemas = [PREVIOUS_BUILD] if "previous_build" in model["tags"] else []
        schemas += [model["schema"]] if "read_before_built" in model["tags"] else []
        for schema in schemas:
            connection.execute(f"create schema if not exists warehouse.{schema}")
            columns = _declared(model)
            connection.execute(f"create table if not exists warehouse.{schema}.{model['alias']} ({columns})")


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    sql = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'"
    return {name for (name,) in connection.execute(sql).fetchall()}


def _statements(model: dict[str, Any], full: bool, is_there: bool) -> list[str]:
    """Return the statements with which the model's materialization writes its table."""
    table = f"warehouse.{model['schema']}.{model['alias']}"
    if model["materialized"] == "incremental" and is_there and not full:
        new, days = f"temp.{model['alias']}__new", f"warehouse.transform_build_state.{model['days']}"
        without_day = " or event_date is null" if model["also_without_day"] else ""
        return [
            f"create or replace temp table {model['alias']}__new as ({model['sql']}\n)",
            f"delete from {table} where event_date in (select event_date from {days}){without_day}",
            f"insert into {table} by name from {new}",
            f"drop table {new}",
        ]
    if model["contract"]:
        names = ", ".join(model["columns"])
        return [
            f"create or replace table {table} ({_declared(model)})",
            f"insert into {table} ({names}) select {names} from ({model['sql']}\n)",
        ]
    return [f"create or replace table {table} as ({model['sql']}\n)"]


def _declared(model: dict[str, Any]) -> str:
    return ", ".join(f"{name} {data_type}" for name, data_type in model["columns"].items())


def _node(model: dict[str, Any]) -> SimpleNamespace:
    names = ("unique_id", "name", "schema", "alias", "tags")
    return SimpleNamespace(resource_type="model", **{name: model[name] for name in names})
