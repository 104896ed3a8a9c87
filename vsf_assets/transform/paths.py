"""Where the dbt project and its manifest lie; apart, so that looking them up loads nothing."""

from vsf_assets.config.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
MANIFEST = DBT_PROJECT / "target" / "manifest.json"
