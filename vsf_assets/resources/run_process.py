"""The process of a run: the tags that name it, also after a reboot and when its process number is used again.

Here: writing the tags and reading them. Not here: marking runs as failed whose process has ended (defs/run_reaper.py).
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from vsf_assets.common.processes import started

HOST, PID, PID_START = ".dagster/vsf_host", ".dagster/vsf_pid", ".dagster/vsf_pid_start"
"""Tags of a run's process. The UI does not show tags that begin with `.dagster/`, and a reader of it needs none."""


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Return tags that identify a process of this machine; by default this process."""
    pid = os.getpid() if pid is None else pid
    return {HOST: _host(), PID: str(pid), PID_START: started(pid) or ""}


def is_on_this_machine(tags: Mapping[str, str]) -> bool:
    """Whether the tags name a process of this machine, of this boot or an earlier one."""
    return PID in tags and tags[HOST].split("/")[0] == _host().split("/")[0]


def process_of(tags: Mapping[str, str]) -> int | None:
    """Return the id of the process that the tags name, if it is of this machine and still runs; else None."""
    if not is_on_this_machine(tags) or tags[HOST] != _host():
        return None
    pid = int(tags[PID])
    return pid if started(pid) == tags[PID_START] else None


def _host() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{socket.gethostname()}/{boot.read_text().strip() if boot.exists() else ''}"
