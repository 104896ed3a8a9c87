"""Lets the kernel refuse rights to files and ports to the calling thread for the rest of its life (Landlock).

Here: the system calls. Not here: what is refused to whom (portal/sql/sandbox.py, warehouse/shared/no_removal.py).
Landlock binds the calling thread and what it starts later: threads and processes. Other threads stay as they are.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; the same numbers on every architecture."""

_VERSION_FLAG, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38

REMOVE_FOLDER, REMOVE_FILE, MOVE = 1 << 4, 1 << 5, 1 << 13
"""Rights that versions have from 1 on, and from 2 on the right to move files between folders. Version 1 refuses that
always."""


class LandlockError(Exception):
    """The kernel did not take the rules."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock_version() -> int:
    """Return the version of Landlock that the kernel has; 0 if it has none."""
    version: int = _library().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return max(0, version)


def refuse_rights(files: int, allowed: Iterable[tuple[Path, int]] = (), network: int = 0, scopes: int = 0) -> None:
    """Refuse rights to this thread and to what it starts later.

    Args:
        files: rights to files; refused everywhere but below `allowed`.
        allowed: folders, and the rights that stay there; one that is not there is left out.
        network: rights to ports; refused for all of them, from version 4 on.
        scopes: what processes outside can be reached by; refused from version 6 on.

    Raises:
        LandlockError: the kernel did not take the rules; nothing is refused.
    """
    version, library = landlock_version(), _library()
    # Older versions take a shorter structure: files only, or files and network.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = library.syscall(_CREATE_RULESET, ctypes.byref(_Ruleset(files, network, scopes)), size, 0)
    if ruleset < 0:
        raise LandlockError(f"Landlock made no rule set: {os.strerror(ctypes.get_errno())}")
    try:
        for path, rights in allowed:
            _allow(ruleset, path, rights)
        if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.syscall(_RESTRICT_SELF, ruleset, 0):
            raise LandlockError(f"Landlock did not confine the process: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if _library().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(_Beneath(rights, folder)), 0):
            raise LandlockError(f"Landlock did not take a rule about {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(folder)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
