"""Chooses the client for the address of a profile.

Here: the choice. Not here: the clients.
"""

from vsf_assets.catalog.clients.base import ObjectSource
from vsf_assets.config.catalog_profiles import Profile


def open_source(profile: Profile) -> ObjectSource:
    """Return the source of a profile; it is not contacted yet."""
    if profile.kind == "http":
        from vsf_assets.catalog.clients.http import HttpSource

        return HttpSource(profile)
    if profile.kind == "s3":
        from vsf_assets.catalog.clients.s3 import S3Source

        return S3Source(profile)
    from vsf_assets.catalog.clients.local import FolderSource

    return FolderSource(profile)
