"""Paths of the dbt project and its manifest, and the schemas of its tables."""

from vsf_assets.config.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
MANIFEST = DBT_PROJECT / "target" / "manifest.json"
CODE_VERSIONS = MANIFEST.with_name("code_versions.json")
"""Digests of the models' compiled SQL, which belong to the manifest."""

SCHEMAS_OF_ANALYSTS = ("marts", "raw", "reports")
"""Database schemas that analysts query. The others are dbt's own, and their names sort after these."""
