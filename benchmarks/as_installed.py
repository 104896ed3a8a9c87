"""Measuring the platform as it is installed: without the packages that only references need.

Here: hiding those packages from a process. Where they can be imported, DuckDB and pandera do so, and DuckDB
asks them about each frame and value it is given. Not here: which jobs have references that need them (jobs.py).
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

HIDDEN = {"pandas", "pyarrow"}
COMMAND = "from benchmarks.as_installed import hide; hide(); from vsf_assets.cli.main import main; main()"
"""What `python -c` runs as `vsf`; its arguments follow."""


class _Installed(PathFinder):
    """Finds modules as ever, but for the hidden ones."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname in HIDDEN else super().find_spec(fullname, path, target)


def hide() -> None:
    """Make these packages look as if they were not installed; to be called before anything imports them."""
    sys.meta_path[:] = [_Installed if finder is PathFinder else finder for finder in sys.meta_path]
