"""Refuses settings whose folders or buckets lie inside each other.

Here: the comparison of places. Not here: which settings name them (config/settings.py). An archive in the landing
zone would be loaded again at each run, and the platform's own folders would be archived as deliveries.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from vsf_assets.common.errors import SettingsError

SCHEME = "s3://"

Key = tuple[object, ...]


def refuse_overlap(places: Mapping[str, str]) -> None:
    """Refuse places of which one is another, or lies in it.

    Folders are compared as the system knows them, so that no link, `..`, mount or case of letters hides that two are
    one.

    Args:
        places: what names a place, for the message -> an absolute path or `s3://bucket/prefix`.

    Raises:
        SettingsError: one lies in another; the message names both settings.
    """
    keys = {name: _key(place) for name, place in places.items()}
    trails = {name: _trail(place) for name, place in places.items()}
    for name, place in places.items():
        for other, outer in places.items():
            if name != other and keys[other] in trails[name]:
                raise SettingsError(f"{name}={place!r} lies in {other}={outer!r}; give each a place of its own")


def _trail(place: str) -> set[Key]:
    """Return the keys of a place and of everything above it."""
    if place.startswith(SCHEME):
        parts = _address(place)
        return {parts[:length] for length in range(2, len(parts) + 1)}
    path = Path(os.path.realpath(place))
    return {_key(str(folder)) for folder in (path, *path.parents)}


def _key(place: str) -> Key:
    """Return what two names of one place have in common."""
    if place.startswith(SCHEME):
        return _address(place)
    path, rest = Path(place), list[str]()
    while True:
        try:
            status = path.stat()
        except OSError:  # not made yet, or not to be seen: its names count from the last folder that is
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
    """Whether a folder is found under another case of its letters."""
    other = folder.with_name(folder.name.swapcase()) if folder.name else folder
    try:
        return other != folder and os.path.samestat(other.stat(), folder.stat())
    except OSError:
        return False
