"""What happens in a home now: the service, automation, runs, what is not in the snapshot and why, and the disk.

Here: gathering it from small files, in milliseconds and without Dagster, so that it works while the service hangs; and
the reason why a file waits. Not here: printing it (cli/status.py), `/healthz` (service/health.py), and the pending work
of a run (status.py).
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vsf_assets.common.processes import is_stopped
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.runs.dagster_times import heartbeats, last_tick
from vsf_assets.runs.record_file import RecordError
from vsf_assets.runs.run_record import CANCELED, DIED, FAILED, RUNNING, RunRecord, read_runs
from vsf_assets.runs.service_state import HEARTBEATS, PartState, ServiceState, is_running, read_state
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.storage.s3_client import is_address

SILENT = timedelta(seconds=120)
"""Time without a sign of life after which a thread of the daemon counts as hung, as for the supervisor."""

LAST_RUN_FAILED = "the last run failed; the people who run the platform see why"
"""Why a file waits, for readers who may not see errors of runs."""

START = "the service does not run: start vsf serve, or run vsf run"


@dataclass(frozen=True)
class Waiting:
    """A file that is not in the snapshot.

    Attributes:
        feed: its feed.
        name: its path in the landing zone, or the name with which it landed.
        is_loaded: whether the warehouse holds it.
        why: why it is not in the snapshot yet.
    """

    feed: str
    name: str
    is_loaded: bool
    why: str


@dataclass(frozen=True)
class HomeStatus:
    """The state of a home; times are UTC, None where nothing is known.

    Attributes:
        at: when it was gathered.
        service: what the supervisor wrote last; None if none ever ran.
        is_running: whether that supervisor still runs.
        last_tick: the newest look of a sensor for work.
        heartbeats: the last signs of life of the daemon's threads.
        running: the runs of this moment.
        last_build: the newest build that has ended.
        runs: the newest runs, the newest first.
        snapshot: name of the current snapshot.
        waiting: files that are not in it.
        disk_free, disk_size: bytes of the home's disk.
        record_error: why the record of runs cannot be read; empty if it can.
    """

    at: datetime
    service: ServiceState | None
    is_running: bool
    last_tick: datetime | None
    heartbeats: dict[str, datetime]
    running: list[RunRecord]
    last_build: RunRecord | None
    runs: list[RunRecord]
    snapshot: str | None
    disk_free: int
    disk_size: int
    record_error: str = ""
    waiting: list[Waiting] = field(default_factory=list)

    @property
    def loaded_since(self) -> int:
        """Number of files that runs loaded after the newest run that published."""
        since = []
        for run in self.runs:  # the newest first
            if run.snapshot is not None:
                break
            since.append(run.files_loaded)
        return sum(since)

    @property
    def build_failure(self) -> str:
        """Why the newest build failed; empty if it did not."""
        run = self.last_build
        if run is None or run.snapshot is not None or run.outcome not in (FAILED, CANCELED, DIED):
            return ""
        if run.outcome != FAILED:
            return f"last build {'was canceled' if run.outcome == CANCELED else 'was killed'}; run vsf run"
        found = [f"{check.name}: {check.message}" for check in run.blocking]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"last build failed: {found[0] if found else run.error}{more}"

    @property
    def is_silent(self) -> bool:
        """Whether the service runs and its automation has given no sign of life for too long."""
        return self.is_running and self.oldest_sign is not None and self.at - self.oldest_sign > SILENT

    @property
    def oldest_sign(self) -> datetime | None:
        """The oldest of the newest signs of life of this service's daemon; None before it gave one."""
        signs = [self.heartbeats[name] for name in HEARTBEATS if name in self.heartbeats]
        return max(min(signs), _time(self.service.since)) if signs and self.service else None

    @property
    def service_problems(self) -> list[str]:
        """What is wrong with a service that runs, a line each."""
        if not self.is_running or self.service is None:
            return []
        lines = [line for name, part in self.service.parts.items() if (line := _part_problem(name, part))]
        if self.is_silent and self.oldest_sign is not None:
            lines.append(f"automation gives no sign of life since {clock(self.oldest_sign)}; the service restarts it")
        return lines

    @property
    def problems(self) -> list[str]:
        """What needs a person, or would if it lasted."""
        lines = [*self.service_problems]
        lines += [self.build_failure] if self.build_failure else []
        return lines + ([self.record_error] if self.record_error else [])

    def as_json(self, with_names: bool = True) -> dict[str, Any]:
        """Return it for programs; without `with_names` no name or content of a file is in it."""
        service, build = self.service, self.last_build
        checks = [check.name for check in build.blocking] if build else []
        found: dict[str, Any] = {
            "at": clock(self.at),
            "service": {
                "is_running": self.is_running,
                "since": service.since if service and self.is_running else None,
                "pid": service.pid if service and self.is_running else None,
                "parts": {name: vars(part) for name, part in service.parts.items()} if service else {},
                "problems": self.service_problems,
            },
            "automation": {
                "last_look_at": clock(self.last_tick) if self.last_tick else None,
                "last_look_seconds": self._age(self.last_tick),
                "heartbeat_seconds": {name: self._age(self.heartbeats.get(name)) for name in HEARTBEATS},
            },
            "running": [self._run(run) for run in self.running],
            "last_build": {**self._run(build), "failed_checks": checks} if build else None,
            "snapshot": self.snapshot,
            "files_loaded_since_snapshot": self.loaded_since,
            "disk": {"free_bytes": self.disk_free, "size_bytes": self.disk_size},
        }
        if with_names:
            found["build_failure"] = self.build_failure or None
            found["not_in_snapshot"] = [vars(file) for file in self.waiting]
            found["problems"] = self.problems
        return found

    def _age(self, at: datetime | None) -> float | None:
        return None if at is None else round((self.at - at).total_seconds(), 1)

    def _run(self, run: RunRecord) -> dict[str, Any]:
        return {
            "run_id": run.run_id,
            "kind": run.kind,
            "families": run.families,
            "outcome": run.outcome,
            "started_at": clock(run.started_at),
            "ended_at": clock(run.ended_at) if run.ended_at else None,
            "files_loaded": run.files_loaded,
        }

    def why_loaded(self) -> str:
        """Return why a loaded file is not in the snapshot."""
        building = next((run for run in self.running if _builds(run)), None)
        if building is not None:
            return f"building since {clock(building.started_at)}"
        return self.build_failure or self._who_loads("builds it soon")

    def why_landed(self, feed: str, landed_at: datetime, settle: timedelta, with_errors: bool = True) -> str:
        """Return why a file of the landing zone is not loaded.

        Args:
            feed: its feed.
            landed_at: its modified time, UTC.
            settle: how long this file must stay unchanged; 0 if its sender declared that it is complete.
            with_errors: whether the error of a failed run is quoted; it may quote delivered values.
        """
        family = all_feeds()[feed].family
        loading = next((run for run in self.running if family in run.families), None)
        if loading is not None and not (_builds(loading) and loading.files_loaded):
            return f"a run loads files of {family} since {clock(loading.started_at)}"
        if self.at - landed_at < settle:
            return "waiting to settle"
        last = next((run for run in self.runs if family in run.families and run.outcome != RUNNING), None)
        if last is not None and last.started_at > landed_at:
            if last.outcome in (CANCELED, DIED):
                return f"the last run {'was canceled' if last.outcome == CANCELED else 'was killed'}; run vsf run"
            if last.outcome == FAILED and not last.blocking:
                return f"the last run failed: {last.error}" if with_errors else LAST_RUN_FAILED
        return self._who_loads("loads it when it next looks")

    def _who_loads(self, soon: str) -> str:
        if not self.is_running:
            return START
        if self.service_problems:
            return f"the service does not answer: {self.service_problems[0]}"
        return f"the service {soon}"


def gather(settings: Settings, asks_bucket: bool = True) -> HomeStatus:
    """Return the state of the settings' home, without the files that wait; the caller knows these (`add_waiting`).

    Args:
        settings: the places.
        asks_bucket: whether snapshots in a bucket are asked for the current one, which may take long.
    """
    now, error = datetime.now(UTC), ""
    try:
        runs = read_runs(settings.home)
    except RecordError as problem:
        runs, error = [], str(problem)
    service = read_state(settings.home)
    disk = shutil.disk_usage(_existing(settings.home))
    snapshot = current_snapshot(settings) if asks_bucket or not is_address(settings.snapshots) else None
    return HomeStatus(
        at=now,
        service=service,
        is_running=is_running(service),
        last_tick=last_tick(settings.dagster_home),
        heartbeats=heartbeats(settings.dagster_home),
        running=[run for run in runs if run.outcome == RUNNING],
        last_build=next((run for run in runs if _builds(run) and run.outcome != RUNNING), None),
        runs=runs,
        snapshot=snapshot.name if snapshot else None,
        disk_free=disk.free,
        disk_size=disk.total,
        record_error=error,
    )


def add_waiting(
    status: HomeStatus,
    settings: Settings,
    landed: Iterable[tuple[str, str, datetime, bool]],
    loaded: Sequence[tuple[str, str]],
) -> None:
    """Add the files that are not in the snapshot, each with the reason.

    Args:
        status: the state of the home.
        settings: how long files have to settle.
        landed: (feed, path, modified time, whether its sender declared that it is complete) of the files to load.
        loaded: (feed, name) of the files that the warehouse holds and the snapshot does not.
    """
    settle = timedelta(seconds=settings.settle_seconds)
    for feed, name in loaded:
        status.waiting.append(Waiting(feed, name, is_loaded=True, why=status.why_loaded()))
    for feed, path, at, is_complete in landed:
        why = status.why_landed(feed, at, timedelta(0) if is_complete else settle)
        status.waiting.append(Waiting(feed, path, is_loaded=False, why=why))


def _builds(run: RunRecord) -> bool:
    return "build" in run.kind


def _part_problem(name: str, part: PartState) -> str:
    # A part that starts for the first time is no problem.
    if not part.is_well and part.restarts:
        why = f" ({part.last_reason})" if part.last_reason else ""
        return f"the {name} is {part.state} since {part.since}{why}"
    if is_stopped(part.pid):
        return f"the process {part.pid} of the {name} is stopped; the service restarts it"
    return ""


def clock(at: datetime) -> str:
    """Return a time for people, UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
