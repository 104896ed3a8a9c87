"""The dbt project as Dagster specs: asset keys, groups, owners and checks.

Here: the translator, and the specs that it creates from the manifest. Not here: running dbt (transform/). `dagster_dbt`
is imported without dbt, which it supports: the import of dbt takes seconds, and only a build needs it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from vsf_assets.common.errors import VsfError
from vsf_assets.common.interpreter_tricks import hidden_modules, left_out_modules
from vsf_assets.defs.code_versions import ModelVersions
from vsf_assets.defs.metadata import LAYER

_UNUSED = ["dagster_dbt.cloud", "dagster_dbt.cloud_v2", "dagster_dbt.components", "sqlglot"]
"""What the import of `dagster_dbt` imports besides: dbt's cloud service, components in YAML, lineage of columns."""

# Without dbt the import takes 0.3 s instead of 1.1 s, and without these 0.02 s.
with hidden_modules(["dbt"]), left_out_modules(_UNUSED):
    from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

UNIQUE_ID = "dagster_dbt/unique_id"
LEDGER = dg.AssetKey(["raw", "files"])
AFTER_INGEST = (
    dg.AutomationCondition.any_deps_updated().allow(dg.AssetSelection.assets(LEDGER)).since_last_handled()
    & ~dg.AutomationCondition.in_progress()
)
"""Automation condition of the snapshot, and of no other asset: an ingest stored deliveries, and no build runs since.

A build of the snapshot makes every mart that it needs. Updates of marts are no news: a failed build updates some too.
What this condition misses, the backstop requests (recovery_sensors.py)."""


class VsfTranslator(DagsterDbtTranslator):
    """Translator of dbt resources: the asset key is DuckDB's schema and table, the group is the subject.

    Args:
        versions: code versions of the models.
    """

    def __init__(self, versions: ModelVersions):
        super().__init__()
        self._versions = versions

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return [schema, table]; the schema of a dbt source is the name of the source."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """Return the spec with subject and layer and the code version."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        # Folders of dbt: a layer, then a subject; reports are of all subjects.
        _, layer, *folders = properties["fqn"][:-1] if properties["resource_type"] == "model" else ("", "raw")
        return spec.replace_attributes(
            group_name=folders[0] if folders and layer != "reports" else layer,
            tags={**spec.tags, LAYER: layer},
            kinds={"dbt", "duckdb"},
            description=properties.get("description") or "",
            skippable=True,
            code_version=self._versions.of(unique_id) if properties["resource_type"] == "model" else None,
        )

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """Return the check of a dbt test, with a description."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None or spec.description:
            return spec
        return spec._replace(description=_describe_test(manifest["nodes"][unique_id]))


def _describe_test(properties: Mapping[str, Any]) -> str:
    """Return a sentence that describes a generic dbt test."""
    column = properties.get("column_name") or "the row"
    arguments = (properties.get("test_metadata") or {}).get("kwargs", {})
    sentences = {
        "accepted_values": f"{column} is one of {', '.join(map(str, arguments.get('values', [])))}.",
        "relationships": f"Every {column} exists as {arguments.get('field')} in {arguments.get('to')}.",
        "rows_with_required": _describe_rows_with_required(arguments.get("key", ()), arguments.get("required", ())),
    }
    kind = (properties.get("test_metadata") or {}).get("name", "")
    return sentences.get(kind, str(properties["name"]).replace("_", " "))


def _describe_rows_with_required(key: Sequence[str], required: Sequence[str]) -> str:
    sentences = [f"No two rows share {' and '.join(key)}."] if key else []
    sentences += [f"{', '.join(required)} {'are' if len(required) > 1 else 'is'} never null."] if required else []
    return " ".join(sentences)


class DbtAssets:
    """The dbt project as Dagster specs.

    Args:
        manifest: dbt's manifest.
        versions: code versions of its models.
    """

    def __init__(self, manifest: Mapping[str, Any], versions: ModelVersions):
        self.manifest = manifest
        self.versions = versions
        self.translator = VsfTranslator(self.versions)
        self.specs = build_dbt_asset_specs(manifest=manifest, dagster_dbt_translator=self.translator)
        self.by_id = {spec.metadata[UNIQUE_ID]: spec for spec in self.specs}

    def spec(self, *path: str) -> dg.AssetSpec:
        """Return the spec of a model by its asset key, e.g. `"reports", "anomalies"`."""
        return next(spec for spec in self.specs if spec.key == dg.AssetKey(path))

    def leaves(self) -> list[dg.AssetKey]:
        """Return the models that no other model reads."""
        read = {dep.asset_key for spec in self.specs for dep in spec.deps}
        return [spec.key for spec in self.specs if spec.key not in read]

    def tests(self, checks: Collection[dg.AssetCheckKey]) -> list[str]:
        """Return the dbt selectors of the tests of these checks."""
        nodes = self.manifest["nodes"]
        return [".".join(nodes[unique_id]["fqn"]) for key, unique_id in self._tests_by_key().items() if key in checks]

    def _tests_by_key(self) -> dict[dg.AssetCheckKey, str]:
        return {
            dg.AssetCheckKey(spec.key, self.manifest["nodes"][child]["name"]): child
            for unique_id, spec in self.by_id.items()
            for child in self.manifest["child_map"][unique_id]
            if child.startswith("test.")
        }

    def check_specs(self) -> list[dg.AssetCheckSpec]:
        """Return every dbt test as an asset check."""
        checks: dict[dg.AssetCheckKey, dg.AssetCheckSpec] = {}
        for unique_id, spec in self.by_id.items():
            for child in self.manifest["child_map"][unique_id]:
                if child.startswith("test."):
                    check = self.translator.get_asset_check_spec(
                        asset_spec=spec, manifest=self.manifest, unique_id=child, project=None
                    )
                    if check is not None:
                        checks[check.key] = check
        return list(checks.values())

    def select(self, keys: set[dg.AssetKey]) -> list[str]:
        """Return the dbt selectors of the assets with these keys."""
        nodes = self.manifest["nodes"]
        return [".".join(nodes[unique_id]["fqn"]) for unique_id, spec in self.by_id.items() if spec.key in keys]


@cache
def load_dbt_assets(manifest: Path, versions: Path) -> DbtAssets:
    """Read dbt's manifest and the versions of its models, once per process.

    Raises:
        VsfError: one of the files does not exist yet.
    """
    missing = [str(path) for path in (manifest, versions) if not path.exists()]
    if missing:
        raise VsfError(
            f"the parsed dbt project is missing; run: make install (or: vsf prepare). Expected at {missing[0]}"
        )
    parsed, by_model = json.loads(manifest.read_bytes()), json.loads(versions.read_bytes())
    models = {key for key, node in parsed["nodes"].items() if node["resource_type"] == "model"}
    if by_model.keys() != models:
        raise VsfError(f"{versions} does not belong to {manifest}; run: vsf prepare")
    return DbtAssets(parsed, ModelVersions(by_model))
