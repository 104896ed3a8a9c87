"""The layers of the dbt project: what a model of each layer reads, by dbt's own manifest, so through macros too.

Not here: what the models compute (dbt/), and the SQL of compiled models (dbt/test_compiled_sql.py).
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.transform.dbt_runner import ensure_manifest

PACKAGE = Path(__file__).resolve().parents[2] / "vsf_assets"
INNER_TABLE = re.compile(r"\b(staging|intermediate|transform_\w+)\.\w+|\b(stg|int)_\w+__\w+")
LAYERS = ("staging", "intermediate", "marts", "reports")
PREFIXES = {"stg": "staging", "int": "intermediate", "dim": "marts", "fct": "marts"}
COMPUTES = re.compile(r"\b(join|over|union|group by|where|qualify|distinct|order by|limit)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return unique id -> model of the manifest."""
    manifest = ensure_manifest(read_settings({"VSF_HOME": str(tmp_path_factory.mktemp("home"))}))
    nodes = json.loads(Path(manifest).read_bytes())["nodes"]
    return {name: node for name, node in nodes.items() if node["resource_type"] == "model"}


def layer_of(model: dict[str, Any]) -> str:
    return str(model["fqn"][1])


def reads(model: dict[str, Any], kind: str) -> list[str]:
    return [name for name in model["depends_on"]["nodes"] if name.startswith(f"{kind}.")]


def test_a_staging_model_is_one_raw_table_renamed(models: dict[str, dict[str, Any]]) -> None:
    staging = [model for model in models.values() if layer_of(model) == "staging"]
    assert len(staging) > 15
    assert [m["name"] for m in staging if len(reads(m, "source")) != 1 or reads(m, "model")] == []
    assert [m["name"] for m in staging if COMPUTES.search(m["raw_code"])] == []
    tables = [table for model in staging for table in reads(model, "source")]
    assert sorted(tables) == sorted(set(tables)), "a raw table has one staging model"


def test_marts_and_reports_read_models(models: dict[str, dict[str, Any]]) -> None:
    above = [model for model in models.values() if layer_of(model) in ("marts", "reports")]
    assert len(above) > 30
    assert {m["name"]: reads(m, "source") for m in above if reads(m, "source")} == {}


def test_a_model_reads_its_own_layer_and_those_below(models: dict[str, dict[str, Any]]) -> None:
    upward = [
        (model["name"], models[name]["name"])
        for model in models.values()
        for name in reads(model, "model")
        if LAYERS.index(layer_of(models[name])) > LAYERS.index(layer_of(model))
    ]
    assert upward == []


def test_the_name_of_a_model_says_its_layer(models: dict[str, dict[str, Any]]) -> None:
    named = {m["name"]: PREFIXES.get(m["name"].split("_")[0], "reports") for m in models.values()}
    assert {m["name"]: layer_of(m) for m in models.values()} == named


def test_nothing_outside_dbt_reads_the_layers_below_the_marts() -> None:
    """Reports, commands and assets read marts, reports and raw tables; the selectors of a build name folders."""
    selectors = re.compile(r"fqn:|f?\"(intermediate|staging)\.(\{folder\}|ledger)\"")
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if INNER_TABLE.search(line) and not selectors.search(line)
    ]
    assert found == []


def test_models_by_day_join_from_the_side_that_is_written(models: dict[str, dict[str, Any]]) -> None:
    """Whole events never become the table that a join searches: DuckDB expects too few (macros/events.sql)."""
    by_day = [node for node in models.values() if "by_day" in node["fqn"]]
    assert len(by_day) > 8
    for node in by_day:
        hooks = [node["config"][name][0]["sql"] for name in ("pre-hook", "post-hook")]
        assert hooks == ["set disabled_optimizers = 'build_side_probe_side'", "reset disabled_optimizers"], node["name"]
