"""The newest runs of a kind as sensors need them: of a job, of a family, or that build.

Here: reading them, also runs that a person stopped before they started and those that a person deleted. Not here: what
follows from them (defs/backoff.py, defs/build_attempts.py, defs/stopped_runs.py).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from vsf_assets.resources.run_tags import earlier_name, ended_with_service, value_of

MATERIALIZE = "__ASSET_JOB"
"""The job of runs of assets that a person selects in the UI; Dagster has no public name for it."""


@dataclass(frozen=True)
class PastRun:
    """A run.

    Attributes:
        status: its status.
        tags: its tags.
        assets: the assets that it selects; empty for all of its job.
        created: when it was recorded, in seconds since 1970.
        ended: when it ended, in seconds since 1970; None while it waits or runs.
    """

    status: dg.DagsterRunStatus
    tags: Mapping[str, str] = field(default_factory=dict)
    assets: frozenset[dg.AssetKey] = frozenset()
    created: float = 0.0
    ended: float | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether a person stopped it."""
        return self.status == dg.DagsterRunStatus.CANCELED and not ended_with_service(self.tags)


def runs_of_job(instance: dg.DagsterInstance, job_name: str, limit: int) -> list[PastRun]:
    """Return the newest runs of a job, newest first."""
    found = _read(instance, dg.RunsFilter(job_name=job_name), limit)
    deleted = [_deleted(stop) for stop in _deleted_stops(instance) if stop["job_name"] == job_name]
    return _newest([*found, *deleted], limit)


def runs_tagged(
    instance: dg.DagsterInstance, name: str, value: str, limit: int, assets: Collection[dg.AssetKey]
) -> list[PastRun]:
    """Return the newest runs with a tag, newest first.

    Args:
        instance: the instance.
        name: name of the tag; runs of earlier versions may have its earlier name.
        value: its value.
        limit: highest number of runs.
        assets: a run that a person launched for some assets gets the tag when it starts. If it was stopped before, it
            counts if it selects one of these.
    """
    found = _read(instance, dg.RunsFilter(tags={name: value}), limit)
    earlier = earlier_name(name)
    if earlier is not None and len(found) < limit:
        found += _read(instance, dg.RunsFilter(tags={earlier: value}), limit - len(found))
    waited = _read(instance, dg.RunsFilter(job_name=MATERIALIZE, statuses=[dg.DagsterRunStatus.CANCELED]), limit)
    deleted = [_deleted(stop) for stop in _deleted_stops(instance)]
    found += [run for run in deleted if value_of(run.tags, name) == value]
    found += [run for run in (*waited, *deleted) if value_of(run.tags, name) is None and run.assets & set(assets)]
    return _newest(found, limit)


def _newest(runs: Iterable[PastRun], limit: int) -> list[PastRun]:
    return sorted(runs, key=lambda run: run.created, reverse=True)[:limit]


def _read(instance: dg.DagsterInstance, filters: dg.RunsFilter, limit: int) -> list[PastRun]:
    return [
        PastRun(
            record.dagster_run.status,
            record.dagster_run.tags,
            frozenset(record.dagster_run.asset_selection or ()),
            record.create_timestamp.timestamp(),
            record.end_time,
        )
        for record in instance.get_run_records(filters, limit=limit)
    ]


def _deleted_stops(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    # Here, because SQLAlchemy takes long to import: where there is such a storage, it is loaded already.
    from vsf_assets.resources.run_storage import RunDifferences

    storage = instance.run_storage
    return storage.deleted_stops() if isinstance(storage, RunDifferences) else []


def _deleted(stop: Mapping[str, Any]) -> PastRun:
    assets = frozenset(dg.AssetKey.from_user_string(text) for text in stop["assets"])
    return PastRun(dg.DagsterRunStatus.CANCELED, stop["tags"], assets, float(stop["created"]), float(stop["ended"]))
