"""Paths of the dbt project and of what dbt makes when it parses it, and the schemas of its tables.

Here: which file is where, in a clone and in an installed package. Not here: making the files (dbt_runner.py).
"""

from pathlib import Path

from vsf_assets.config.settings import IS_INSTALLED, PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"

SCHEMAS_OF_ANALYSTS = ("marts", "raw", "reports")
"""Database schemas that analysts query. The others are dbt's own, and their names sort after these."""


def parsed_folder(home: Path) -> Path:
    """Return the folder of the parsed dbt project.

    A clone holds it itself, for all homes. The folder of an installed package may be read-only, so there each home has
    its own.
    """
    return home / "dbt" / "parsed" if IS_INSTALLED else DBT_PROJECT / "target"


def manifest_file(home: Path) -> Path:
    """Return the path of dbt's manifest."""
    return parsed_folder(home) / "manifest.json"


def code_versions_file(home: Path) -> Path:
    """Return the path of the digests of the models' compiled SQL, which belong to the manifest."""
    return parsed_folder(home) / "code_versions.json"
