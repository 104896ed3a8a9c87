"""The lines of `vsf status` about the service, the runs, what is not in the snapshot, and the disk.

Here: wording and numbers. Not here: gathering (pipeline/home_status.py), and the list of files (status.py).
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.pipeline.home_status import HomeStatus, Waiting
from vsf_assets.runs.run_record import RunRecord
from vsf_assets.runs.service_state import STARTING
from vsf_assets.snapshots.current import shares_blocks
from vsf_assets.warehouse.lock import owner_of

MOST_ENTRIES = 100_000
"""Files whose sizes are added up; a larger home gets a lower bound."""

_SHOWN = 5


def summary_lines(status: HomeStatus, settings: Settings, waiting_is_known: bool) -> Iterator[str]:
    """Yield the lines for people.

    Args:
        status: the state of the home.
        settings: its place.
        waiting_is_known: whether the warehouse could be asked which files it holds.
    """
    if settings.home.exists() and settings.home.stat().st_uid != os.geteuid():
        yield f"home: {settings.home} belongs to {owner_of(settings.home)}"
    yield from _service_lines(status)
    if status.last_tick is not None:
        yield f"automation: last look {_ago(status.at, status.last_tick)}"
    for run in status.running:
        yield f"runs now: {_run(status.at, run)}"
    yield from _waiting(status.waiting)
    if not waiting_is_known and status.loaded_since:
        yield f"not in the snapshot: {_files(status.loaded_since)} loaded; {status.why_loaded()}"
    if status.build_failure and not any(file.is_loaded for file in status.waiting):
        yield status.build_failure
    if status.record_error:
        yield status.record_error
    free = f"{_gb(status.disk_free)} of {_gb(status.disk_size)} free"
    yield f"disk: {free}; {_home_size(settings.home)}{copies_line(settings)}"


def _service_lines(status: HomeStatus) -> Iterator[str]:
    service = status.service
    if service is None or not status.is_running:
        yield "service: does not run; vsf serve starts it"
        return
    yield f"service: runs since {service.since} as process {service.pid}, {service.url}"
    for name, part in service.parts.items():
        if part.state == STARTING and (part.follows_a_run or not part.restarts):
            yield f"  the {name} is starting"
        if part.restarts:
            times = "once" if part.restarts == 1 else f"{part.restarts} times"
            yield f"  the {name} was restarted {times}, last because {part.last_reason}"
    for line in status.service_problems:
        yield f"  {line}"


def _run(at: datetime, run: RunRecord) -> str:
    of = f" of {', '.join(run.families)}" if run.families else ""
    loaded = f", {_files(run.files_loaded)} loaded" if run.files_loaded else ""
    return f"{run.kind}{of}, started {_ago(at, run.started_at)} (process {run.pid}){loaded}"


def _waiting(waiting: list[Waiting]) -> Iterator[str]:
    """Yield a line for each reason, with the first files."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for file in waiting:
        groups.setdefault((file.is_loaded, file.why), []).append(file.name)
    for (is_loaded, why), names in groups.items():
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        yield f"not in the snapshot: {_files(len(names))} {'loaded' if is_loaded else 'landed'}; {why} ({shown})"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _ago(at: datetime, then: datetime) -> str:
    seconds = max(0, (at - then).total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"


def _gb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def copies_line(settings: Settings) -> str:
    """Return whether snapshots need room of their own, to be added to the line of the disk."""
    found = shares_blocks(settings)
    if found is None:
        return ""
    return "; snapshots share its blocks" if found else "; each snapshot is a copy, since the disk has no reflinks"


def _home_size(home: Path) -> str:
    size, is_complete = size_of(home)
    return f"the home has {'' if is_complete else 'more than '}{size / 1e6:,.0f} MB"


def size_of(folder: Path) -> tuple[int, bool]:
    """Return the bytes of the files in a folder, and whether all were counted (MOST_ENTRIES)."""
    size, entries = 0, 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(f"{path}/{name}").st_size
            except OSError:
                continue  # it was removed meanwhile
        entries += len(names)
        if entries > MOST_ENTRIES:
            return size, False
    return size, True
