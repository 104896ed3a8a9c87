"""Refuses settings whose folders or buckets lie inside each other.

Here: the comparison of places. Not here: the settings that name them (config/settings.py). An archive inside the
landing zone would be loaded again by each run, and the platform's own folders would be archived as deliveries.
"""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from vsf_assets.common.errors import SettingsError

SCHEME = "s3://"

Key = tuple[object, ...]


def refuse_overlap(places: Mapping[str, str]) -> None:
    """Refuse places of which one equals another or lies inside it.

    Folders are compared by device and inode, so that links, `..`, mounts and file systems that ignore case are
    recognized.

    Args:
        places: name of the setting, for the message -> an absolute path or `s3://bucket/prefix`.

    Raises:
        SettingsError: one lies in another; the message names both settings.
    """
    key = cache(_key)  # the places of a home have most folders above them in common
    keys = {name: key(place) for name, place in places.items()}
    trails = {name: _trail(place, key) for name, place in places.items()}
    for name, place in places.items():
        for other, outer in places.items():
            if name != other and keys[other] in trails[name]:
                raise SettingsError(f"{name}={place!r} lies in {other}={outer!r}; give each a place of its own")


def _trail(place: str, key: Callable[[str], Key]) -> set[Key]:
    """Return the keys of a place and of everything above it, as `key` gives them."""
    if place.startswith(SCHEME):
        parts = _address(place)
        return {parts[:length] for length in range(2, len(parts) + 1)}
    path = Path(os.path.realpath(place))
    return {key(str(folder)) for folder in (path, *path.parents)}


def _key(place: str) -> Key:
    """Return a key that is equal for all names of one place."""
    if place.startswith(SCHEME):
        return _address(place)
    path, rest = Path(place), list[str]()
    while True:
        try:
            status = path.stat()
        except OSError:  # missing or not accessible: compare the names below its last accessible folder
            rest.append(path.name)
            path = path.parent
            if path == path.parent:
                return ("", *reversed(rest))
            continue
        names = [name.casefold() for name in rest] if rest and _ignores_case(path) else rest
        return (status.st_dev, status.st_ino, *reversed(names))


def _address(place: str) -> Key:
    return ("s3", *(part for part in place.removeprefix(SCHEME).split("/") if part))


def _ignores_case(folder: Path) -> bool:
    """Whether the file system of a folder ignores the case of names."""
    other = folder.with_name(folder.name.swapcase()) if folder.name else folder
    try:
        return other != folder and os.path.samestat(other.stat(), folder.stat())
    except OSError:
        return False
