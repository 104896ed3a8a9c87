"""Marks a landing zone as owned by one home, and refuses another home.

Here: the id of a home, the marker in the landing zone, and the refusal. Not here: two runs of one home, which share
the work. Two homes on one landing zone would load each other's files: each home would hold a part of them, without any
error. The id is stored beside the warehouse file and is kept by a rebuild, a move and a restore of the home. Homes that
share a warehouse share its id.
"""

import io
import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from vsf_assets.common.atomic_files import atomic_write, link_new, temp_beside
from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import NotRegularError, read_regular
from vsf_assets.config.settings import Settings
from vsf_assets.storage.base import is_about_one_file
from vsf_assets.storage.ignored_names import OWNER_MARKER as MARKER
from vsf_assets.storage.s3_client import ObjectStoreError, StoredObjectReplacedError, is_address
from vsf_assets.warehouse.connection import Warehouse

MOST_BYTES = 4096


@dataclass(frozen=True)
class Owner:
    """The content of a marker: id and folder of the home, and name of the machine."""

    id: str
    home: str
    host: str


def refuse_foreign(settings: Settings) -> Owner | None:
    """Refuse a landing zone that belongs to another home; return the content of its marker, None if it has none.

    Raises:
        VsfError: it belongs to another home, or its marker cannot be parsed.
        OSError: the landing zone cannot be read.
    """
    owner, own = _read_marker(settings), _own_id(settings)
    if owner is None or owner.id == own or owner.id == _id_of_home(settings):
        return owner  # of this home, also before it moved to a warehouse that it shares
    is_here = (owner.home, owner.host) == (str(settings.home), os.uname().nodename)
    if own is None and (is_here or Path(settings.landing).is_relative_to(settings.home)):
        return owner  # the id was lost with the folder of the warehouse; `claim` restores it from the marker
    place = _marker_of(settings)
    raise VsfError(
        f"the landing zone {settings.landing} belongs to another home: {owner.home} on {owner.host} (id {owner.id}), as"
        f" {place} says; this home is {settings.home} ({f'id {own}' if own else 'without an id yet'}). Two homes on one"
        " landing zone take each other's files. Give this home a landing zone of its own (VSF_LANDING); if the other"
        f" home is gone for good, remove {place} and run again"
    )


def claim(settings: Settings, progress: Callable[[str], None]) -> None:
    """Mark a landing zone without an owner as this home's; of two homes at the same time, one succeeds.

    Args:
        settings: the home and its landing zone.
        progress: receives a warning if the marker cannot be written; then another home would not be noticed.

    Raises:
        VsfError: it belongs to another home.
    """
    owner = refuse_foreign(settings)
    if owner is not None:
        id_now = _own_id(settings)
        if id_now is None:
            _ensure_id(settings, owner.id)
        elif owner.id != id_now:
            _mark(settings, id_now, progress, replaces=True)
        return
    if not is_address(settings.landing) and not Path(settings.landing).is_dir():
        return  # nothing has landed yet
    if _mark(settings, _ensure_id(settings, uuid.uuid4().hex), progress):
        refuse_foreign(settings)


def _mark(settings: Settings, own_id: str, progress: Callable[[str], None], replaces: bool = False) -> bool:
    """Write the marker; return whether it could be written."""
    own = Owner(own_id, str(settings.home), os.uname().nodename)
    try:
        _write_marker(settings, json.dumps(asdict(own)).encode(), replaces)
    except OSError as error:
        why = error.strerror or error
        progress(f"warning: {_marker_of(settings)} cannot be written ({why}); another home there would not be noticed")
        return False
    return True


def _id_file(settings: Settings) -> Path:
    return settings.home / "warehouse" / "home-id"


def _own_id(settings: Settings) -> str | None:
    """Return the id of the home, or the one that it shares with the other homes of its warehouse."""
    shared = Warehouse.of(settings).form.owner_id()
    return _id_of_home(settings) if shared is None else shared


def _id_of_home(settings: Settings) -> str | None:
    try:
        return _id_file(settings).read_text().strip() or None
    except FileNotFoundError:
        return None


def _ensure_id(settings: Settings, new: str) -> str:
    """Write the id of the home if it has none; return its id, or the shared one."""
    shared = Warehouse.of(settings).form.owner_id()
    if shared is not None:
        return shared
    file = _id_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    _create(file, new.encode())
    return _id_of_home(settings) or new


def _marker_of(settings: Settings) -> str:
    return f"{settings.landing}/{MARKER}"


def _read_marker(settings: Settings) -> Owner | None:
    marker = _marker_of(settings)
    try:
        content = _read_object(settings) if is_address(settings.landing) else read_regular(Path(marker), MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotRegularError:
        content = b""
    except OSError as error:
        if not is_about_one_file(error):
            raise
        why = str(error) if isinstance(error, ObjectStoreError) else f"{marker} cannot be read: {error.strerror}"
        raise VsfError(
            f"{why}; so it is unknown whether the landing zone belongs to another home. Let the user who runs vsf read"
            f" {marker}, or, if only this home uses the landing zone, remove it and run again"
        ) from error
    try:
        stored = json.loads(content)
        return Owner(str(stored["id"]), str(stored["home"]), str(stored["host"]))
    except (ValueError, KeyError, TypeError):
        raise VsfError(
            f"{marker} does not say which home the landing zone belongs to; if only this home uses it,"
            " remove it and run again"
        ) from None


def _read_object(settings: Settings) -> bytes:
    from vsf_assets.storage.s3 import ObjectStore

    with ObjectStore(settings.landing).open(MARKER) as file:
        return file.read(MOST_BYTES)


def _write_marker(settings: Settings, content: bytes, replaces: bool = False) -> None:
    """Write the marker atomically, unless one exists that is not to be replaced."""
    if not is_address(settings.landing):
        write = atomic_write if replaces else _create
        write(Path(_marker_of(settings)), content)
        return
    from vsf_assets.storage.s3 import ObjectStore

    with suppress(StoredObjectReplacedError):  # another home was faster; the caller reads its marker
        conditions = {} if replaces else {"IfNoneMatch": "*"}
        ObjectStore(settings.landing).put(MARKER, io.BytesIO(content), len(content), **conditions)


def _create(path: Path, content: bytes) -> None:
    """Write a file atomically, unless it exists."""
    with temp_beside(path) as temp:
        temp.file.write(content)
        temp.finish()
        link_new(temp.path, path)


def foreign(settings: Settings) -> str | None:
    """Return why the landing zone is refused; None if it is not."""
    try:
        refuse_foreign(settings)
    except VsfError as error:
        return cast(str, error.args[0])
    return None
