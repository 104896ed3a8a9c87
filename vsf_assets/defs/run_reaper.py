"""Marks runs as failed whose process has ended, by tags that name the process of each run.

Here: the tags of a process, and the reaper. Not here: the warehouse lock, which the operating system releases when a
process ends. Dagster does not do this itself: its default launcher has no health check, and no daemon watches a run of
the command line.
"""

import os
import socket
from pathlib import Path

import dagster as dg

from vsf_assets.common.processes import started

_LIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def process_tags() -> dict[str, str]:
    """Return tags that identify this process, also after a reboot and when its process number is used again."""
    return {"vsf/host": _host(), "vsf/pid": str(os.getpid()), "vsf/pid_start": started(os.getpid()) or ""}


def mark_process(context: dg.AssetExecutionContext) -> None:
    """Tag the run with this process."""
    context.instance.add_run_tags(context.run.run_id, process_tags())


def reap(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of this machine as failed whose process has ended; return their ids."""
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
