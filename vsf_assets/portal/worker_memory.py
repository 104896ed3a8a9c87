"""What keeps the memory of a worker small and even: freed memory goes back to the system, modules load at the start.

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
    once if requests come at once.
    """
    from django.conf import settings

    with suppress(OSError, AttributeError):  # another C library has no such option, and other habits
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)
    import_module(settings.ROOT_URLCONF)
