"""Addresses of static files: they hold a digest of all of them, so that browsers may keep each for a year.

Here: which files there are, and the addresses that templates write. Not here: answering (fast/static_files.py).
"""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage

from vsf_assets.portal.fast.static_files import digest_of


@cache
def static_files() -> dict[str, Path]:
    """Return name -> file: our own files and those of the libraries; of two of a name, the one that is found first."""
    found: dict[str, Path] = {}
    for finder in get_finders():
        for name, storage in finder.list([]):
            prefix = getattr(storage, "prefix", "")
            found.setdefault(f"{prefix}/{name}" if prefix else name, Path(storage.path(name)))
    return found


@cache
def digest() -> str:
    """Return the digest of all files."""
    return digest_of(static_files())


class StaticAddresses(StaticFilesStorage):
    """The storage that templates ask for addresses; it stores nothing."""

    def url(self, name: str | None) -> str:
        """Return the address of a file."""
        return super().url(f"{digest()}/{name}" if name in static_files() else name)
