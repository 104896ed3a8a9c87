"""The pool of snapshots of this process, made from Django's settings.

Here: one pool per process and home, and the name of who asks it. Not here: what it does (snapshots/pool.py), and which
request reads which snapshot (middleware.py).
"""

import os
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from vsf_assets.contracts.personal import personal_names
from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool
from vsf_assets.snapshots.query_turns import MOST_THREADS
from vsf_assets.warehouse.duckdb_private import hide_missing_optional_imports

EXPORTS = "exports"
"""Folder in VSF_HOME/portal for files that are being exported."""


SNAPSHOT_HEADER = "X-Vsf-Snapshot"
"""Header of an answer: the number of the snapshot that it was made of."""


def asker_of(request: HttpRequest) -> str:
    """Return a name for the account that asks by a token or a session, whose queries run one after the other."""
    asker = getattr(request, "auth", None) or request.user
    return str(getattr(asker, "user_id", None) or asker.pk or "")


def pool() -> SnapshotPool:
    """Return the pool of this process for the home that the settings name."""
    return _pool_of(settings.VSF.home, settings.VSF.snapshots)


@cache
def _pool_of(home: Path, snapshots: str) -> SnapshotPool:  # noqa: ARG001 - a pool is of one home and one place
    personal_names()  # of contracts, which import pandera: it takes a hidden pandas for a broken one
    hide_missing_optional_imports()
    portal = settings.VSF_PORTAL
    # Threads that share a core only wait for each other: with two workers on two cores, a tenth of the processor time.
    threads = max(1, min(MOST_THREADS, (os.cpu_count() or 1) // portal.workers))
    limits = QueryLimits(portal.query_seconds, portal.query_memory, home / "portal" / EXPORTS, threads)
    return SnapshotPool(settings.VSF, limits)
