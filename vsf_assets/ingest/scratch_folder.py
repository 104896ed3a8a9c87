"""The scratch folder of a run, for rows that are too many for memory.

Here: creating it, and removing it and those of dead processes. Not here: its files (row_spool.py).
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsf_assets.common.processes import is_there

_RUN = re.compile(r"^run-(\d{1,9})-")


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Yield a folder and remove it afterwards; remove folders of dead processes."""
    root.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        named = _RUN.match(old.name)
        if named and not is_there(int(named.group(1))):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=root) as folder:
        yield Path(folder)
