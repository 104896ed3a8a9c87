"""What Dagster is told: every asset and check described, dbt tests as checks, nothing read at import.

Not here: runs (test_ingest_assets.py) and sensors (test_sensors.py).
"""

import json
import subprocess
import sys

import dagster as dg
import pytest

from vsf_assets.config.settings import home_folder, read_settings
from vsf_assets.definitions import defs
from vsf_assets.feeds import all_feeds
from vsf_assets.transform.dbt_paths import manifest_file
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets_tests.dagster.test_settings_in_runs import BAD


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    ensure_manifest(read_settings())
    return defs()


def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return list(definitions.resolve_all_asset_specs())


def test_the_definitions_are_loadable(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_asset_has_description_owner_kinds_a_subject_as_group_and_its_layer(definitions: dg.Definitions) -> None:
    bare = [s.key for s in specs(definitions) if not (s.description and s.owners and s.kinds)]
    assert bare == []
    groups = {feed.models for feed in all_feeds().values()} | {"ledger", "reports", "snapshots"}
    assert {s.group_name for s in specs(definitions)} == groups
    layers = {
        s.key: s.key.path[0].removeprefix("transform_").replace("build_state", "intermediate")
        for s in specs(definitions)
    }
    assert {s.key: s.tags["layer"] for s in specs(definitions)} == layers
    of = {"/".join(s.key.path): s.group_name for s in specs(definitions)}
    assert of["raw/lines"] == of["marts/dim_lines"] == of["transform_intermediate/int_mobile__event_days"] == "mobile"
    assert of["raw/files"] == "ledger"


def test_every_raw_asset_carries_its_column_schema(definitions: dg.Definitions) -> None:
    raw = [s for s in specs(definitions) if s.key.path[0] == "raw"]
    assert len(raw) == sum(len(feed.tables) for feed in all_feeds().values()) + 4
    assert all("dagster/column_schema" in s.metadata for s in raw)


def checks(definitions: dg.Definitions) -> list[dg.AssetCheckSpec]:
    graph = definitions.resolve_asset_graph()
    return [graph.get_check_spec(key) for key in graph.asset_check_keys]


def test_every_check_says_what_it_checks(definitions: dg.Definitions) -> None:
    assert [c.key for c in checks(definitions) if not c.description] == []


def test_the_names_of_checks_fit_into_the_columns_of_the_ui(definitions: dg.Definitions) -> None:
    assert [c.key for c in checks(definitions) if len(c.name) > 50] == []


def test_every_dbt_test_on_data_is_an_asset_check(definitions: dg.Definitions) -> None:
    manifest = json.loads(manifest_file(home_folder()).read_bytes())
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    names = {c.name for c in checks(definitions)}
    assert tests <= names
    assert {"contract", "row_conservation"} <= names


def test_one_name_in_four_places(definitions: dg.Definitions) -> None:
    keys = {".".join(s.key.path) for s in specs(definitions)}
    manifest = json.loads(manifest_file(home_folder()).read_bytes())
    models = {
        f"{n['schema']}.{n['alias']}"
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["config"]["materialized"] != "ephemeral"
    }
    sources = {f"{n['source_name']}.{n['name']}" for n in manifest["sources"].values()}
    from vsf_assets.contracts import all_tables

    assert models <= keys
    assert sources == set(all_tables())
    assert set(all_tables()) <= keys


@pytest.mark.parametrize(
    "work",
    [
        "import dagster, vsf_assets.definitions as own; dagster.Definitions.validate_loadable(own.defs())",
        "import vsf_assets.cli.main",
        "import vsf_assets.defs.landing_sensors",
    ],
)
def test_loading_needs_no_setting_opens_no_socket_and_writes_no_file(work: str) -> None:
    ensure_manifest(read_settings())
    code = f"""
import sys
def audit(event, args):
    if event == "socket.connect" or (event == "open" and str(args[1] or "").startswith(("w", "a", "x"))):
        raise SystemExit(f"import did {{event}} {{args}}")
sys.addaudithook(audit)
{work}
"""
    environment = {
        "PATH": "/usr/bin:/bin",
        **BAD,
        "VSF_HOME": "~no such user/x",
        "VSF_SOURCES": "/no such file",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
