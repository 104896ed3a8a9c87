"""Chooses the store for an address.

Here: the choice. Not here: the stores (local.py, s3.py).
"""

from vsf_assets.storage.base import Store
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import is_address


def open_store(address: str) -> Store:
    """Return the store at an address: a folder, or `s3://bucket/prefix`."""
    if is_address(address):
        from vsf_assets.storage.s3 import ObjectStore

        return ObjectStore(address)
    return FolderStore(address)
