"""Tells whether a folder is there and holds anything but hidden files, in as little time as listing it takes.

Here: that look, which `vsf status` makes before it imports what reads a folder. Not here: listings (folder_listing.py).
"""

import os
from pathlib import Path


def is_empty(folder: Path) -> bool:
    """Whether there is no folder, or nothing in it but hidden files; something else of its name is none."""
    try:
        return not any(not name.startswith(".") for name in os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return True
