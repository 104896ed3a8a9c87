"""Asks the operating system about other processes of this machine.

Here: whether a process runs, and since when; the name of this machine. Not here: the recovery after a process that died
(ingest/scratch_folder.py, warehouse/forms/run_notes.py, defs/run_reaper.py).
"""

import os
from datetime import datetime
from pathlib import Path


def is_there(pid: int) -> bool:
    """Whether a process with this id exists, also if it is a zombie or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def started(pid: int) -> str | None:
    """Return a process's start time in clock ticks since boot; None if it does not run or is a zombie.

    On a system without /proc, the start time of an existing process is "".
    """
    if not Path("/proc/self/stat").exists():
        return "" if is_there(pid) else None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def this_machine() -> str:
    """Return the name of this machine and the id of its present boot, as `name/id`; without /proc the id is empty."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{os.uname().nodename}/{boot.read_text().strip() if boot.exists() else ''}"


def has_ended(machine: str, pid: int, start: str) -> bool:
    """Whether a process of this machine has ended; False where it cannot be known, as on another machine.

    Args:
        machine: what `this_machine` was when the process ran.
        pid: its number.
        start: its start, as `started` returned it; so the number may be used again.
    """
    here = this_machine()
    if machine.partition("/")[0] != here.partition("/")[0]:
        return False
    return machine != here or started(pid) != start


def is_same(pid: int, since: datetime) -> bool:
    """Whether a process that wrote its number at a time still runs, and not another one with its number.

    Args:
        pid: its number.
        since: a time at which it ran, UTC.
    """
    ticks = started(pid)
    if not ticks:
        return ticks is not None
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    began = int(boot.split()[1]) + int(ticks) / os.sysconf("SC_CLK_TCK")
    return began <= since.timestamp() + 2  # both clocks are rounded


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal (SIGSTOP, Ctrl-Z), as far as the system shows."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False
