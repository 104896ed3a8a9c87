"""Code versions: a changed macro, variable or model changes those of what uses it, a changed contract its asset's.

Not here: that contracts' versions stay as homes recorded them (golden/test_contract_versions.py).
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.contracts import all_tables
from vsf_assets.definitions import defs
from vsf_assets.defs.local_runner import run_job
from vsf_assets.feeds import all_feeds
from vsf_assets.transform import dbt_paths, dbt_runner
from vsf_assets.transform.build_state import project_digest
from vsf_assets.transform.dbt_paths import DBT_PROJECT, code_versions_file
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets.warehouse import contract_versions as versions
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs


def by_name(versions: Path) -> dict[str, str]:
    """Return model -> code version of a file of versions."""
    return {name.split(".")[-1]: version for name, version in json.loads(versions.read_bytes()).items()}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_change_of_a_project_changes_the_models_whose_compiled_sql_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_manifest(read_settings())
    before = by_name(code_versions_file(read_settings().home))
    assert len(before) > 80
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    target = project / "target"
    for module in (dbt_paths, dbt_runner):
        monkeypatch.setattr(module, "DBT_PROJECT", project)
    monkeypatch.setattr(dbt_runner, "project_digest", lambda: project_digest(project))

    edit(project / "macros" / "plausible_dates.sql", "'VSF_EVENT_DAYS_AFTER', '2'", "'VSF_EVENT_DAYS_AFTER', '3'")
    edit(project / "dbt_project.yml", "volume_score: 3", "volume_score: 4")  # a variable
    accepted = project / "models" / "intermediate" / "campaigns" / "int_campaigns__accepted_clicks.sql"  # ephemeral
    accepted.write_text(accepted.read_text() + "\n-- edited")
    edit(project / "macros" / "affected_days.sql", "delete from {{ target }}", "delete from  {{ target }}")
    description = project / "models" / "marts" / "campaigns" / "fct_campaign_scores.yml"
    edit(description, "Which banners to show.", "What to show.")
    monkeypatch.setenv("VSF_SCORE_SEED", "another")  # a setting is no code
    monkeypatch.setenv("VSF_EVENT_DAYS_BEFORE", "7")
    ensure_manifest(read_settings())
    after = by_name(target / "code_versions.json")
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == {
        *("int_campaigns__accepted_clicks", "int_campaigns__accepted_conversions"),  # the second one reads the first
        *("findings__campaigns", "fct_banner_performance"),  # they read both; `anomalies` reads the findings
        *("int_mobile__implausible_events", "dim_dates", "findings__mobile_implausible", "anomalies"),  # use the macro
        *(
            "int_mobile__event_ids",
            "int_mobile__repeated_events",
            "int_mobile__events_on_several_dates",
        ),  # through another
        *("int_mobile__events_of_affected_days", "int_mobile__event_days", "int_mobile__events_of_unknown_lines"),
        *("fct_activity_events", "fct_event_properties"),  # through an ephemeral model
        *("fct_activity_daily", "fct_activity_summary"),  # as all models of days, by the macro that writes them
        "daily_volumes",
    }
    assert os.environ["VSF_SCORE_SEED"] == "another"

    accepted.write_text("select 1 as one {% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}")
    made = {path.name: path.read_bytes() for path in target.glob("*[!k]") if path.is_file()}  # not the lock
    with pytest.raises(VsfError, match="no"):
        ensure_manifest(read_settings())
    assert {path.name: path.read_bytes() for path in target.glob("*[!k]") if path.is_file()} == made


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
    assert run_job(loaded_defs(), instance, "ingest_campaigns")[0]
    event = instance.get_latest_materialization_event(dg.AssetKey(["raw", "clicks"]))
    assert event is not None and event.asset_materialization is not None
    recorded = versions.contract_versions(read_settings()).by_feed["clicks"]
    assert (event.asset_materialization.tags or {})["dagster/code_version"] == recorded
