"""The pool of snapshots of this process, made from Django's settings.

Here: one pool per process. Not here: what it does (snapshots/pool.py), and which request reads which snapshot
(middleware.py).
"""

from functools import cache

from django.conf import settings

from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool

EXPORTS = "exports"
"""Folder in VSF_HOME/portal for files that are being exported."""


SNAPSHOT_HEADER = "X-Vsf-Snapshot"
"""Header of an answer: the number of the snapshot that it was made of."""


@cache
def pool() -> SnapshotPool:
    """Return the pool of this process."""
    portal = settings.VSF_PORTAL
    folder = settings.VSF.home / "portal" / EXPORTS
    return SnapshotPool(settings.VSF, QueryLimits(portal.query_seconds, portal.query_memory, folder))
