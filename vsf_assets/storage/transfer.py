"""Copies files between stores and hashes them.

Here: copying, moving and hashing. Not here: the stores (base.py) and the paths in the archive (archive/).
"""

from vsf_assets.common.digests import blocks_of, copy_hashed, sha256_of_stream
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry


class _OtherContentError(Exception):
    """The file's content differs from the content to copy."""


def copy_file(source: Store, seen: Entry, target: Store, target_path: str, sha256: str) -> bool:
    """Copy a file between stores; return False, and copy nothing, if its state or hash differs from the expected one.

    Raises:
        FileNotFoundError: the file no longer exists.
    """
    if seen.etag and source.copy_within(seen, target, target_path):
        return True  # the store copies this state only, and its SHA-256 is known

    try:
        with source.open(seen.path, seen.etag) as reader, target.writer(target_path) as writer:
            if copy_hashed(blocks_of(reader), writer)[0] != sha256:
                raise _OtherContentError(seen.path)
    except _OtherContentError:
        return False
    return True


def rename_if_same_disk(source: Store, path: str, target: Store, target_path: str) -> bool:
    """Rename the file if both places share a file system and it is permitted; return whether it was renamed."""
    here, there = source.local_path(path), target.local_path(target_path)
    if here is None or there is None or here.is_symlink():  # a link is not an original: its target is copied
        return False
    there.parent.mkdir(parents=True, exist_ok=True)
    if here.stat().st_dev != there.parent.stat().st_dev:
        return False
    source.remove_marker(path)
    try:
        here.replace(there)
    except PermissionError:  # only its owner may move it; the caller copies it instead
        return False
    return True


def sha256_of(store: Store, path: str, etag: str = "") -> str:
    """Return the SHA-256 of a file; in an object store only if it has the ETag. Raises the errors of `Store.open`."""
    with store.open(path, etag) as file:
        return sha256_of_stream(file)
