"""Code versions: a changed macro, variable or model changes those of what uses it, a changed contract its asset's.

Not here: that contracts' versions stay as homes recorded them (golden/test_contract_versions.py).
"""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.contracts import all_tables
from vsf_assets.definitions import defs
from vsf_assets.defs.code_versions import ModelVersions
from vsf_assets.defs.local_runner import run_job
from vsf_assets.feeds import all_feeds
from vsf_assets.transform.dbt_paths import MANIFEST
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets.warehouse import contract_versions as versions
from vsf_assets_tests.commandline import Home


def node(code: str, *macros: str, nodes: tuple[str, ...] = (), materialized: str = "table") -> dict[str, Any]:
    return {
        "resource_type": "model",
        "raw_code": code,
        "depends_on": {"macros": list(macros), "nodes": list(nodes)},
        "config": {"materialized": materialized, "incremental_strategy": "by_day", "meta": {"owner": "somebody"}},
    }


def macro(text: str, *macros: str) -> dict[str, Any]:
    return {"macro_sql": text, "depends_on": {"macros": list(macros)}}


PROJECT: dict[str, Any] = {
    "metadata": {"project_name": "p", "adapter_type": "duckdb"},
    "nodes": {
        "plain": node("select 1"),
        "direct": node("select {{ key() }}", "macro.p.key"),
        "indirect": node("select {{ outer() }}", "macro.p.outer"),
        "inlined": node("select {{ key() }} as one", "macro.p.key", materialized="ephemeral"),
        "around": node("from {{ ref('inlined') }}", nodes=("inlined",)),
        "after": node("from {{ ref('direct') }}", nodes=("direct", "source.p.raw")),
        "with_variable": node("select {{ var('least') }}"),
        "by_day": node("select 2", materialized="incremental"),
    },
    "macros": {
        "macro.p.key": macro("{% macro key() %} 1 {% endmacro %}"),
        "macro.p.outer": macro("{% macro outer() %} {{ key() }} {% endmacro %}", "macro.p.key"),
        "macro.p.other": macro("{% macro other() %} 2 {% endmacro %}"),
        "macro.p.get_incremental_by_day_sql": macro("{% macro get_incremental_by_day_sql() %} {% endmacro %}"),
        "macro.p.materialization_incremental_duckdb": macro("{% materialization incremental %}"),
    },
}


def changed_by(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> set[str]:
    """Return the models of PROJECT whose version another project has not."""
    project, variables = copy.deepcopy(PROJECT), {"least": 1, "most": 2}
    before = ModelVersions(PROJECT, dict(variables))
    change(project, variables)
    after = ModelVersions(project, variables)
    assert (before.of_all != after.of_all) == any(before.of(name) != after.of(name) for name in PROJECT["nodes"])
    return {name for name in PROJECT["nodes"] if before.of(name) != after.of(name)}


def edit_macro(name: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(project: dict[str, Any], _: dict[str, Any]) -> None:
        project["macros"][f"macro.p.{name}"]["macro_sql"] += " -- edited"

    return change


def test_a_changed_macro_changes_the_models_that_use_it_and_no_other() -> None:
    assert changed_by(edit_macro("key")) == {"direct", "indirect", "inlined", "around"}
    assert changed_by(edit_macro("outer")) == {"indirect"}
    assert changed_by(edit_macro("other")) == set()


def test_so_does_a_macro_that_writes_their_tables() -> None:
    assert changed_by(edit_macro("materialization_incremental_duckdb")) == {"by_day"}
    assert "by_day" in changed_by(edit_macro("get_incremental_by_day_sql"))


def test_a_model_s_own_text_changes_it_and_what_it_is_inlined_into() -> None:
    assert changed_by(lambda p, _: p["nodes"]["direct"].update(raw_code="select 3")) == {"direct"}
    assert changed_by(lambda p, _: p["nodes"]["inlined"].update(raw_code="select 3")) == {"inlined", "around"}


def test_a_variable_changes_the_models_that_name_it_and_a_description_none() -> None:
    assert changed_by(lambda _, variables: variables.update(least=5)) == {"with_variable"}
    assert changed_by(lambda _, variables: variables.update(most=5)) == set()
    assert changed_by(lambda p, _: p["nodes"]["plain"]["config"]["meta"].update(owner="another")) == set()


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    ensure_manifest(read_settings())
    return dict(json.loads(MANIFEST.read_bytes()))


def test_of_the_project_s_own_macros_each_changes_the_models_whose_text_or_macros_name_it(
    manifest: dict[str, Any],
) -> None:
    models = [key for key, found in manifest["nodes"].items() if found["resource_type"] == "model"]
    before = {key: ModelVersions(manifest, {}).of(key) for key in models}
    edited = copy.deepcopy(manifest)
    edited["macros"]["macro.vsf.surrogate_key"]["macro_sql"] += " "
    after = {key: ModelVersions(edited, {}).of(key) for key in models}
    users = {key for key in models if "surrogate_key(" in manifest["nodes"][key]["raw_code"]}
    changed = {key for key in models if before[key] != after[key]}
    assert users and users <= changed
    assert len(changed) < len(models)


JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LITERAL = re.compile(r"""var\(\s*(['"])\w+\1\s*[,)]""")


def unversioned_variables(text: str) -> list[str]:
    """Return the Jinja expressions of a text that use `var` in another way than with a literal name."""
    blocks = [block.group() for block in JINJA.finditer(text)]
    return [
        block
        for block in blocks
        if any(LITERAL.match(block, use.start()) is None for use in re.finditer(r"\bvar\b", block))
    ]


@pytest.mark.parametrize(
    "expression",
    ["{{ var(name) }}", "{{ var('bad_' ~ name) }}", "{%- set found = var -%}", "{{ var('a') + var (\n  'b') }}"],
)
def test_a_variable_whose_name_is_no_literal_is_found(expression: str) -> None:
    assert unversioned_variables(f"select {expression} from x") == [expression]


def test_a_literal_name_and_a_setting_of_the_environment_are_no_unversioned_variables() -> None:
    text = """select {{ var('a') }}, {{ var( "b", 2 ) }}, {{ env_var(name) }}, var(x) from y"""
    assert unversioned_variables(text) == []
    versions_of = [ModelVersions({**PROJECT, "nodes": {"m": node(text)}}, {"a": 1, "b": b}) for b in (1, 2)]
    assert versions_of[0].of("m") != versions_of[1].of("m")


def test_models_and_macros_name_their_variables_literally_so_that_versions_hold_the_values(
    manifest: dict[str, Any],
) -> None:
    texts = {key: found["macro_sql"] for key, found in manifest["macros"].items()}
    texts |= {key: found["raw_code"] for key, found in manifest["nodes"].items() if found["resource_type"] == "model"}
    assert "{{ var('volume_score') }}" in texts["model.vsf.volume_anomalies"]
    assert {key: found for key, text in texts.items() if (found := unversioned_variables(text))} == {}


def code_versions() -> dict[str, str]:
    return {spec.key.to_user_string(): spec.code_version or "" for spec in defs().resolve_all_asset_specs()}


def test_every_asset_has_a_code_version_and_a_raw_one_its_contract_s(home: Home) -> None:
    ensure_manifest(read_settings())
    found = code_versions()
    assert [key for key, version in found.items() if not version] == []
    recorded = versions.contract_versions(read_settings()).by_feed
    feeds = all_feeds().values()
    assert {t: found[t.replace(".", "/")] for f in feeds for t in f.tables} == {
        t: recorded[f.name] for f in feeds for t in f.tables
    }


def test_a_changed_contract_changes_the_raw_assets_of_its_feed_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_manifest(read_settings())
    before = code_versions()
    table = all_tables()["raw.clicks"]
    with_one_more = type("Clicks", (table.model,), {"__annotations__": {"remark": str}})
    monkeypatch.setitem(all_tables(), "raw.clicks", replace(table, model=with_one_more))
    after = code_versions()
    assert {key for key in before if before[key] != after.get(key)} == {"raw/clicks"}


def test_a_materialization_of_a_raw_asset_carries_the_version_its_rows_were_read_with(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n"})
    assert run_job(defs(), instance, "ingest_campaigns")[0]
    event = instance.get_latest_materialization_event(dg.AssetKey(["raw", "clicks"]))
    assert event is not None and event.asset_materialization is not None
    recorded = versions.contract_versions(read_settings()).by_feed["clicks"]
    assert (event.asset_materialization.tags or {})["dagster/code_version"] == recorded
