"""Copies files between stores and hashes them.

Here: copying, moving and hashing. Not here: one store (base.py) and what is filed where (archive/).
"""

from vsf_assets.common.digests import blocks_of, copy_hashed, sha256_of_stream
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry


class _OtherContentError(Exception):
    """The file does not hold what was to be copied."""


def copy_file(source: Store, seen: Entry, target: Store, target_path: str, sha256: str) -> bool:
    """Copy a file between stores; return False, with nothing copied, where it is not what was seen and hashed.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    if seen.etag and source.copy_within(seen, target, target_path):
        return True  # of this state only, whose SHA-256 is known

    try:
        with source.open(seen.path, seen.etag) as reader, target.writer(target_path) as writer:
            if copy_hashed(blocks_of(reader), writer)[0] != sha256:
                raise _OtherContentError(seen.path)
    except _OtherContentError:
        return False
    return True


def rename_if_same_disk(source: Store, path: str, target: Store, target_path: str) -> bool:
    """Move by renaming where both places share a file system and it is permitted; return whether it was done."""
    here, there = source.local_path(path), target.local_path(target_path)
    if here is None or there is None or here.is_symlink():  # a link is no original: its file is copied
        return False
    there.parent.mkdir(parents=True, exist_ok=True)
    if here.stat().st_dev != there.parent.stat().st_dev:
        return False
    source.remove_marker(path)
    try:
        here.replace(there)
    except PermissionError:  # nobody but its owner may move it; a copy of it is kept all the same
        return False
    return True


def sha256_of(store: Store, path: str, etag: str = "") -> str:
    """Return the SHA-256 of a file, in an object store only in a state; see Store.open for what it raises."""
    with store.open(path, etag) as file:
        return sha256_of_stream(file)
