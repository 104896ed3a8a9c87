"""Which process a run lives in, so that a run whose process is gone is marked failed.

Here: the tags of a process and the reaper. Not here: the lock (the system releases it by itself).
Dagster's default launcher has no health check, and a run of the command line has no daemon at all.
"""

import os
import socket
from pathlib import Path

import dagster as dg

from vsf_assets.common.processes import started

_LIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def process_tags() -> dict[str, str]:
    """Return tags that identify this process, also across reboots and reused process numbers."""
    return {"vsf/host": _host(), "vsf/pid": str(os.getpid()), "vsf/pid_start": started(os.getpid()) or ""}


def mark_process(context: dg.AssetExecutionContext) -> None:
    """Tag the run with the process it lives in."""
    context.instance.add_run_tags(context.run.run_id, process_tags())


def reap(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of this machine failed whose process is gone; return their ids."""
    reaped = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_LIVE), limit=50):
        run = record.dagster_run
        tags = run.tags
        if "vsf/pid" not in tags or tags["vsf/host"].split("/")[0] != _host().split("/")[0]:
            continue
        if tags["vsf/host"] != _host() or started(int(tags["vsf/pid"])) != tags["vsf/pid_start"]:
            instance.report_run_failed(
                run, f"process {tags['vsf/pid']} of this run is gone; nothing it did not finish is kept"
            )
            reaped.append(run.run_id)
    return reaped


def _host() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{socket.gethostname()}/{boot.read_text().strip() if boot.exists() else ''}"
