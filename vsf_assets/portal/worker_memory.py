"""Prepares a worker: freed memory goes back to the system, and modules load, or fail to, before the first request.

Here: `settle`, which a worker calls once. Not here: the memory of queries (VSF_PORTAL_QUERY_MEMORY), and how many
passwords are hashed at the same time (accounts/password_hasher.py).
"""

import ctypes
from contextlib import suppress
from importlib import import_module

MAPPED_FROM = 4 * 1024 * 1024
"""Bytes from which a block of memory is one of its own, which goes back to the system when it is freed."""

_M_MMAP_THRESHOLD = -3
"""Number of the option in glibc's malloc.h."""


def settle() -> None:
    """Give large blocks back when they are freed, and load every address before the first request.

    Left alone, glibc keeps the 19 MiB of a hashed password for the next one, in the arena of each thread: 40 log-ins
    grew a worker of 8 threads by 100 MB for good. Django loads the views at the first request, in several threads at
    once if requests come at once. The contracts say which columns are personal; they import pandera, which tells a
    missing pandas from a hidden one and refuses the latter, so they come first.
    """
    from django.conf import settings

    from vsf_assets.contracts.personal import personal_names
    from vsf_assets.warehouse.duckdb_private import hide_missing_optional_imports

    with suppress(OSError, AttributeError):  # another C library has no such option, and other habits
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)
    import_module(settings.ROOT_URLCONF)
    personal_names()
    hide_missing_optional_imports()
