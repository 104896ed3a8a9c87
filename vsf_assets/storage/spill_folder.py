"""The folder that DuckDB spills to when a query needs more memory than it may take.

Here: its place, and making what it lies in. Not here: how much may be spilled (full_disk.py).
"""

from contextlib import suppress
from pathlib import Path


def spill_folder(scratch: Path) -> str:
    """Return the folder in scratch that DuckDB makes when it spills; it makes that one only, and nothing above it.

    A home in which nothing was loaded yet on this host has no scratch: that of a builder beside workers, for example.
    """
    # Who reads another user's home may not make it, and hardly ever spills; DuckDB then names the folder.
    with suppress(PermissionError):
        scratch.mkdir(parents=True, exist_ok=True)
    return str(scratch / "duckdb")
