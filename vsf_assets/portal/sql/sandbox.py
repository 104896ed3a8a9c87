"""Takes from the running process everything that a query does not need: files, network, other processes, resources.

Here: limits of resources, and Landlock with no path, port or process allowed. Not here: what runs inside (query.py).
Landlock binds the calling thread and its later children, so a process that has other threads must not rely on it.
"""

import ctypes
import os
import resource
import signal
from pathlib import Path

from vsf_assets.common.landlock import LandlockError, landlock_version, refuse_rights

_DIE_WITH_PARENT, _NOT_DUMPABLE = 1, 4
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version of Landlock -> number of rights to files that it knows, counted from bit 0."""


class SandboxError(Exception):
    """The process could not be confined."""


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends."""
    _library().prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def limit_resources(memory_bytes: int, seconds: float) -> None:
    """Limit memory, processor time, and descriptors; no file can be written, and no core dump.

    Args:
        memory_bytes: address space beyond what the process has now.
        seconds: processor time, rounded up; the clock has a limit of its own, with the same signal for all threads.
    """
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _set(resource.RLIMIT_AS, used + memory_bytes)
    _set(resource.RLIMIT_CPU, int(seconds) + 2)
    _set(resource.RLIMIT_FSIZE, 0)
    _set(resource.RLIMIT_NOFILE, 64)
    _set(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def confine(needs_landlock: bool) -> None:
    """Forbid this thread, the only one, to open files, to connect, and to signal others, for the rest of its life.

    Raises:
        SandboxError: the process has other threads, or the kernel has no Landlock and it is needed.
    """
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise SandboxError(f"the process has {threads} threads, and only one of them would be confined")
    version = landlock_version()
    if version == 0:
        if needs_landlock:
            raise SandboxError("this kernel has no Landlock (Linux 5.13 or later, with landlock in its list of LSMs)")
        return
    rights = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS[max(_FILE_RIGHTS)])) - 1
    try:
        refuse_rights(rights, network=0b11, scopes=0b11)
    except LandlockError as error:
        raise SandboxError(str(error)) from error
    _library().prctl(_NOT_DUMPABLE, 0, 0, 0, 0)


def _set(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (value, value))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
