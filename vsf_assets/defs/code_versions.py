"""Code versions of assets: a version changes only when the code that computes the asset's rows changes.

Here: digests of contracts for raw assets, and the versions of dbt's models. Not here: computing these versions, which
are digests of compiled SQL (transform/dbt_runner.py does it when it parses the project); settings (runs read them, and
transform/build_state.py makes a build compare them); and the decision to materialize an asset again (the backstop reads
the ledger).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import contract_version

TAG = "dagster/code_version"
"""Tag of materializations that a step logs. Dagster itself adds the tag only to materializations that a step yields."""


def table_version(table_name: str) -> str:
    """Return the version of the contract of a table that no feed fills."""
    return contract_version((get_table(table_name),), "")


@dataclass(frozen=True)
class ModelVersions:
    """Code versions of dbt's models.

    Attributes:
        by_model: unique id of a model -> digest of its compiled SQL, 12 hex digits.
    """

    by_model: Mapping[str, str]

    def of(self, unique_id: str) -> str:
        """Return the code version of a model; raises KeyError for one that was not compiled."""
        return self.by_model[unique_id]

    @property
    def of_all(self) -> str:
        """The digest of the versions of all models, 12 hex digits."""
        return hashlib.sha256(json.dumps(sorted(self.by_model.items())).encode()).hexdigest()[:12]
