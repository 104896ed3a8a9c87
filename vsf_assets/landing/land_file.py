"""Puts a file into the landing zone atomically."""

import filecmp
import os
import shutil
from pathlib import Path, PurePosixPath

from vsf_assets.common.atomic_files import link_new, temp_beside
from vsf_assets.common.errors import UsageError
from vsf_assets.common.regular_files import open_regular, status_of
from vsf_assets.storage.complete_mark import mark_complete
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import is_address
from vsf_assets.storage.transfer import sha256_of


def land_file(landing: Path | str, path: Path, target: str) -> bool:
    """Copy a file into the landing zone with one atomic rename or upload; its modified time is now.

    Args:
        landing: the landing zone: a folder, or `s3://bucket/prefix`.
        path: the file.
        target: path in the landing zone.

    Returns:
        Whether the file was copied; False if an equal file is already pending under this name.

    Raises:
        FullDiskError: the disk has too little free space.
        UsageError: a file with other content is pending under this name; it is never replaced.
    """
    with room_for(target, str(landing), path.stat().st_size):
        is_landed, is_equal = (_upload if is_address(str(landing)) else _copy)(str(landing), path, target)
    if not is_landed and not is_equal:
        raise UsageError(
            f"{target} is pending with other content and is never replaced; run `vsf run` first, or land it"
            " under another name"
        )
    return is_landed


def replace_file(landing: Path | str, path: Path, target: str) -> bool:
    """Copy a file atomically into a folder that is read like a bucket; an earlier file of this name is replaced.

    Args:
        landing: the landing zone: a folder, or `s3://bucket/prefix`.
        path: the file.
        target: path in the landing zone.

    Returns:
        Whether the file was copied; False if an equal file already exists, which stays unchanged.
    """
    store, here = open_store(str(landing)), FolderStore(path.parent)
    there = store.stat(target)
    if there is not None and there.size == status_of(path).st_size:
        try:
            if sha256_of(store, target) == sha256_of(here, path.name):
                return False
        except FileNotFoundError:
            pass  # another process removed the file after the stat
    room = room_for(target, str(landing), path.stat().st_size)
    with room, here.open(path.name) as reader, store.writer(target) as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
    return True


def _upload(address: str, path: Path, target: str) -> tuple[bool, bool]:
    """Return (whether the file was uploaded, whether the object that exists under this name is equal)."""
    from vsf_assets.storage.s3 import ObjectStore

    landing = ObjectStore(address)
    while not landing.put_new(target, path):
        try:
            return False, sha256_of(landing, target) == sha256_of(FolderStore(path.parent), path.name)
        except FileNotFoundError:
            continue  # a run archived the existing object meanwhile, so the name is free again
    return True, True


def _copy(landing: str, path: Path, target: str) -> tuple[bool, bool]:
    """Return (whether the file was copied, whether the file that exists under this name is equal)."""
    place = Path(landing) / target
    refuse_linked_folder(Path(landing), target)
    place.parent.mkdir(parents=True, exist_ok=True)
    with temp_beside(place, mode=0o644) as temp:
        with open_regular(path) as reader:
            shutil.copyfileobj(reader, temp.file, 1 << 20)
        temp.finish()
        os.utime(temp.path)
        mark_complete(temp.path)
        is_landed = link_new(temp.path, place)
        return is_landed, is_landed or _is_equal(temp.path, place)


def refuse_linked_folder(landing: Path, target: str) -> None:
    """Refuse a path below a linked folder: listings do not follow links, so the file would never be loaded.

    Raises:
        UsageError: a folder of the path is a link.
    """
    for folder in PurePosixPath(target).parents:
        if folder.name and (landing / folder).is_symlink():
            raise UsageError(
                f"{landing / folder} is a link to a folder, which is not followed, so {target} would never be loaded;"
                " put a folder in its place, or set VSF_LANDING to the folder it leads to"
            )


def _is_equal(temporary: Path, place: Path) -> bool:
    """Whether the existing file has the same content.

    Raises:
        UsageError: the existing file cannot be read.
    """
    try:
        status_of(place)
        return filecmp.cmp(temporary, place, shallow=False)
    except OSError as error:
        raise UsageError(f"{place} is there already and cannot be compared: {error.strerror}; remove it") from None
