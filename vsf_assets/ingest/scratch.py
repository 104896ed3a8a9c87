"""Scratch space of a run: a folder for what is too large to be held in memory until it is stored.

Here: making it, and removing it with those of dead processes. Not here: what lies in it (parts.py).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsf_assets.processes import is_there


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Yield a folder that is removed afterwards; remove those of processes that are gone."""
    root.mkdir(parents=True, exist_ok=True)
    for old in root.glob("run-*-*"):
        if not is_there(int(old.name.split("-")[1])):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=root) as folder:
        yield Path(folder)
