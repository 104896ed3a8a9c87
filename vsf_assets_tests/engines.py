"""What the engine under test can do, where the suite runs with another DuckDB than the pinned one (`make test-next`).

Here: reasons to skip. Not here: what differs between versions of DuckDB (docs/upgrading.md).
"""

from importlib.metadata import version

import pytest

from vsf_assets.common.duckdb_extensions import extension_file
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import PROJECT_ROOT


def is_pinned() -> bool:
    """Whether this DuckDB is the one of constraints.txt; then nothing may be missing."""
    return f"duckdb=={version('duckdb')}" in (PROJECT_ROOT / "constraints.txt").read_text().splitlines()


def missing_httpfs() -> str:
    """Return why snapshots in a bucket cannot be read with this DuckDB, or an empty text."""
    try:
        extension_file("httpfs")
    except VsfError as error:
        return str(error)
    return ""


needs_httpfs = pytest.mark.skipif(not is_pinned() and bool(missing_httpfs()), reason=missing_httpfs() or "never")
"""Marks what reads a snapshot in a bucket. With the pinned DuckDB it runs, and fails where the extension is missing."""

VIEWS_NAME_THEIR_DATABASE = int(version("duckdb").split(".")[0]) < 2
"""Whether a view keeps the name of its own database, so that a copy under another name cannot read it. DuckDB 2 stores
the view without it."""
