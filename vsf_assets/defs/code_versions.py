"""Code versions of assets: a version changes only when the code that computes the asset's rows changes.

Here: digests of contracts for raw assets, and of entries in dbt's manifest for models. Not here: settings (runs read
them, and transform/build_state.py makes a build compare them) and the decision to materialize an asset again (the
backstop reads the ledger).

A model's version is a digest of the parsed project: the model's text, the macros that it uses directly or through other
macros, the ephemeral models inside it, the values of its variables, and the settings that decide how its table is
written. Compiled SQL would hold the same information, but to compile it needs dbt, which takes seconds at each start.
dagster-dbt's own version covers neither macros nor variables.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import contract_version

TAG = "dagster/code_version"
"""Tag of materializations that a step logs. Dagster itself adds the tag only to materializations that a step yields."""

# Sees literal names only; a test fails where a model or macro uses `var` in another way.
_VARIABLE = re.compile(r"\bvar\(\s*['\"](\w+)['\"]")
_WRITING = ("materialized", "incremental_strategy", "unique_key", "on_schema_change", "pre-hook", "post-hook")
"""Settings of a model that decide how its table is written."""


def table_version(table_name: str) -> str:
    """Return the version of the contract of a table that no feed fills."""
    return contract_version((get_table(table_name),), "")


class ModelVersions:
    """Code versions of the models of a manifest.

    Args:
        manifest: dbt's manifest.
        variables: `vars` of the dbt project, name -> value; the manifest does not contain them.
    """

    def __init__(self, manifest: Mapping[str, Any], variables: Mapping[str, Any]):
        self._manifest, self._variables = manifest, variables
        self._known: dict[str, str] = {}

    def of(self, unique_id: str) -> str:
        """Return the code version of a model, 12 hex digits; each check of the model asks for it again."""
        if unique_id not in self._known:
            self._known[unique_id] = _digest(self._parts(unique_id))
        return self._known[unique_id]

    @cached_property
    def of_all(self) -> str:
        """The digest of the versions of all models, 12 hex digits."""
        models = [key for key, node in self._manifest["nodes"].items() if node["resource_type"] == "model"]
        return _digest([self.of(key) for key in sorted(models)])

    def _parts(self, unique_id: str) -> list[Any]:
        """Return the parts of the project that a model's rows depend on, as plain data."""
        node = self._manifest["nodes"][unique_id]
        macros = self._macros([*node["depends_on"]["macros"], *self._writing_macros(node["config"])])
        texts = [node["raw_code"], *(self._manifest["macros"][name]["macro_sql"] for name in macros)]
        variables = sorted({name for text in texts for name in _VARIABLE.findall(text)})
        inside = [
            self._parts(other)
            for other in sorted(node["depends_on"]["nodes"])
            if self._manifest["nodes"].get(other, {}).get("config", {}).get("materialized") == "ephemeral"
        ]
        values = [(name, self._variables.get(name)) for name in variables]
        return [texts, values, {name: node["config"].get(name) for name in _WRITING}, inside]

    def _macros(self, names: list[str]) -> list[str]:
        """Return the macros and all macros that they use, directly or indirectly, sorted."""
        found: set[str] = set()
        while names:
            name = names.pop()
            if name in self._manifest["macros"] and name not in found:
                found.add(name)
                names += self._manifest["macros"][name]["depends_on"]["macros"]
        return sorted(found)

    def _writing_macros(self, config: Mapping[str, Any]) -> list[str]:
        """Return the project's own macros that write a model's table; dbt finds them by name."""
        metadata = self._manifest["metadata"]
        project, adapter = metadata["project_name"], metadata["adapter_type"]
        return [
            f"macro.{project}.materialization_{config.get('materialized')}_{adapter}",
            f"macro.{project}.get_incremental_{config.get('incremental_strategy')}_sql",
        ]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
