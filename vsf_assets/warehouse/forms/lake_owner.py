"""Marks the folder of a lake as that of one home, and refuses another home.

Here: the marker, and the refusal. Not here: the marker of the landing zone (landing/home_marker.py), which made the id
of the home. Two homes on one folder would not mix their rows, since each catalog has data files of its own; but the
upkeep of one would remove the files that only the other one's catalogs name.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_write, link_new, temp_beside
from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import read_regular
from vsf_assets.storage.ignored_names import OWNER_MARKER

_MOST_BYTES = 4096


@dataclass(frozen=True)
class _Owner:
    """The content of a marker: id and folder of the home, and name of the machine."""

    id: str
    home: str
    host: str


def claim_lake(lake: Path, home: Path) -> bool:
    """Mark the folder of a lake, which exists, as that of a home; return whether it is marked now.

    A home without an id, in which nothing has landed yet, marks nothing.

    Raises:
        VsfError: it belongs to another home, or to the home that this one is a copy of.
    """
    own, marker = _id_of(home), lake / OWNER_MARKER
    here = _Owner(own or "", str(home), os.uname().nodename)
    owner = _read(marker)
    if owner is None:
        if own is None:
            return False
        with temp_beside(marker) as temp:
            temp.file.write(json.dumps(asdict(here)).encode())
            temp.finish()
            link_new(temp.path, marker)
        owner = _read(marker) or here  # of two homes at the same time, one was faster
    is_here = (owner.home, owner.host) == (here.home, here.host)
    if owner.id == own and not is_here and not _is_copy(owner, here):
        atomic_write(marker, json.dumps(asdict(here)).encode())  # the home was moved
        return True
    if is_here and own in (None, owner.id):
        return own is not None
    raise VsfError(
        f"VSF_LAKE={str(lake)!r} belongs to the home {owner.home} on {owner.host}, as {marker} says, and this home is"
        f" {home}; name a folder of its own by VSF_LAKE. If the other home is gone for good, remove {marker}"
    )


def _is_copy(owner: _Owner, here: _Owner) -> bool:
    """Whether the marked home is still there beside this one, which has its id."""
    return owner.host == here.host and _id_of(Path(owner.home)) == here.id


def _id_of(home: Path) -> str | None:
    try:
        return (home / "warehouse" / "home-id").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _read(marker: Path) -> _Owner | None:
    try:
        stored = json.loads(read_regular(marker, _MOST_BYTES))
        return _Owner(str(stored["id"]), str(stored["home"]), str(stored["host"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VsfError(
            f"{marker} does not say which home the lake belongs to; if only this home uses it, remove it"
        ) from error
