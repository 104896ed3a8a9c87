"""The rule that stops a sensor from requesting a run: one batch at a time, and a pause after failed runs.

Here: the results of a job's last runs, and the decision as a pure function. Not here: the sensors that call it
(landing_sensors.py, catalog_sensor.py, recovery_sensors.py, synthetic_files.py).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from vsf_assets.resources.past_runs import runs_of_job
from vsf_assets.resources.run_tags import REFUSED, ended_with_service, value_of

TICK_SECONDS = 5
PAUSE_AFTER = 5

_ACTIVE = {
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


@dataclass(frozen=True)
class RunHistory:
    """Results of a job's last runs.

    Attributes:
        active: whether a run is queued or running.
        failures: number of failed runs in a row, counted from the newest; runs that a person stopped do not count.
        idle_seconds: seconds since the newest ended run.
        is_stopped: whether a person stopped the newest ended run.
    """

    active: bool
    failures: int
    idle_seconds: float
    is_stopped: bool = False


STOPPED = "a person stopped the last run; to run it: vsf run, or launch it in the UI"
"""Why nothing is requested where nothing has changed since a person stopped a run."""


def backoff_reason(history: RunHistory) -> str | None:
    """Return why no run may be requested now, or None if one may: one batch at a time, and a pause after failures."""
    if history.active:
        return "the last run still runs"
    if history.failures >= PAUSE_AFTER:
        return (
            f"PAUSED after {history.failures} failed runs in a row: see the last run, fix the cause, then materialize"
            " once by hand or use `vsf run`; a successful run resumes the sensor"
        )
    pause = TICK_SECONDS * 2**history.failures if history.failures else 0
    if history.idle_seconds < pause:
        return f"{history.failures} failed runs in a row; the next run is requested after a pause of {pause} s"
    return None


def history_of(statuses: Sequence[tuple[dg.DagsterRunStatus, float | None]], now: float) -> RunHistory:
    """Summarize runs, newest first, given as (status, end time in seconds since 1970)."""
    ended = [(status, end) for status, end in statuses if status not in _ACTIVE]
    failures = 0
    for status, _ in ended:
        if status == dg.DagsterRunStatus.CANCELED:
            continue
        if status != dg.DagsterRunStatus.FAILURE:
            break
        failures += 1
    idle = now - (ended[0][1] or 0.0) if ended else float("inf")
    is_stopped = bool(ended) and ended[0][0] == dg.DagsterRunStatus.CANCELED
    return RunHistory(len(ended) < len(statuses), failures, idle, is_stopped)


def is_active(status: dg.DagsterRunStatus) -> bool:
    """Return whether a run of this status waits or runs."""
    return status in _ACTIVE


def outcome_for_sensors(status: dg.DagsterRunStatus, is_refused: bool) -> dg.DagsterRunStatus:
    """Return the status of a run for sensors that ingest: a run that loaded its files and did not publish is good."""
    is_good = is_refused and status == dg.DagsterRunStatus.FAILURE
    return dg.DagsterRunStatus.SUCCESS if is_good else status


def history_of_job(instance: dg.DagsterInstance, job_name: str, at_once: int = 1) -> RunHistory:
    """Return the results of a job's last runs, some of them at once; not those that ended with the service."""
    runs = [run for run in runs_of_job(instance, job_name, PAUSE_AFTER + at_once) if not ended_with_service(run.tags)]
    outcomes = [(outcome_for_sensors(run.status, value_of(run.tags, REFUSED) == "yes"), run.ended) for run in runs]
    return history_of(outcomes, time.time())
