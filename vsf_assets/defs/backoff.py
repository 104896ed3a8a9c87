"""The rule that stops a sensor from requesting a run: one batch at a time, and a pause after failed runs.

A pause that a person has to end is for what the files or the models may have caused. What fails because a server, a
bucket or a lock is not available (outages.py) is requested again after pauses that grow to minutes, without end.

Here: the results of a job's last runs, and the decision as a pure function. Not here: the sensors that call it
(landing_sensors.py, catalog_sensor.py, recovery_sensors.py, synthetic_files.py).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import dagster as dg

from vsf_assets.resources.past_runs import runs_of_job
from vsf_assets.resources.run_tags import OUTAGE, REFUSED, ended_with_service, value_of

TICK_SECONDS = 5
PAUSE_AFTER = 5

LONGEST_PAUSE = TICK_SECONDS * 2**PAUSE_AFTER
"""Longest pause in seconds after which a sensor requests a run by itself."""

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
        failures: number of failures in a row, counted from the newest; failed runs of the same time are one, and runs
            that a person stopped do not count.
        outages: those of them in which something outside the files was not available.
        idle_seconds: seconds since the newest ended run.
        is_stopped: whether a person stopped the newest ended run.
    """

    active: bool
    failures: int
    idle_seconds: float
    is_stopped: bool = False
    outages: int = 0


class RunOutcome(NamedTuple):
    """How a run ended, or that it waits or runs.

    Attributes:
        status: its status.
        ended: when it ended, in seconds since 1970; None while it waits or runs.
        created: when it was requested; infinity where runs never overlap.
        is_outage: whether it failed because something outside the files was not available.
    """

    status: dg.DagsterRunStatus
    ended: float | None
    created: float = float("inf")
    is_outage: bool = False


STOPPED = "a person stopped the last run; to run it: vsf run, or launch it in the UI"
"""Why nothing is requested where nothing has changed since a person stopped a run."""


def backoff_reason(history: RunHistory) -> str | None:
    """Return why no run may be requested now, or None if one may: one batch at a time, and a pause after failures."""
    if history.active:
        return "the last run still runs"
    if history.failures - history.outages >= PAUSE_AFTER:
        return (
            f"PAUSED after {history.failures} failed runs in a row: see the last run, fix the cause, then materialize"
            " once by hand or use `vsf run`; a successful run resumes the sensor"
        )
    pause = min(TICK_SECONDS * 2**history.failures, LONGEST_PAUSE) if history.failures else 0
    if history.idle_seconds < pause:
        why = ", and what the last run needs was not available" if history.outages else ""
        return f"{history.failures} failed runs in a row{why}; the next run is requested after a pause of {pause} s"
    return None


def history_of(outcomes: Sequence[RunOutcome], now: float) -> RunHistory:
    """Summarize runs, newest first."""
    ended = [outcome for outcome in outcomes if outcome.status not in _ACTIVE]
    rounds, began = list[bool](), float("inf")
    for outcome in ended:
        if outcome.status == dg.DagsterRunStatus.CANCELED:
            continue
        if outcome.status != dg.DagsterRunStatus.FAILURE:
            break
        if rounds and (outcome.ended or 0.0) > began:  # it still ran when a newer one was requested
            began, rounds[-1] = min(began, outcome.created), rounds[-1] or outcome.is_outage
        else:
            began = outcome.created
            rounds.append(outcome.is_outage)
    idle = now - (ended[0].ended or 0.0) if ended else float("inf")
    is_stopped = bool(ended) and ended[0].status == dg.DagsterRunStatus.CANCELED
    return RunHistory(len(ended) < len(outcomes), len(rounds), idle, is_stopped, sum(rounds))


def is_active(status: dg.DagsterRunStatus) -> bool:
    """Return whether a run of this status waits or runs."""
    return status in _ACTIVE


def outcome_for_sensors(status: dg.DagsterRunStatus, is_refused: bool) -> dg.DagsterRunStatus:
    """Return the status of a run for sensors that ingest: a run that loaded its files and did not publish is good."""
    is_good = is_refused and status == dg.DagsterRunStatus.FAILURE
    return dg.DagsterRunStatus.SUCCESS if is_good else status


def history_of_job(instance: dg.DagsterInstance, job_name: str, at_once: int = 1) -> RunHistory:
    """Return the results of a job's last runs, some of them at once; not those that ended with the service."""
    found = runs_of_job(instance, job_name, (PAUSE_AFTER + 1) * at_once)
    outcomes = [
        RunOutcome(
            outcome_for_sensors(run.status, value_of(run.tags, REFUSED) == "yes"),
            run.ended,
            run.created,
            OUTAGE in run.tags,
        )
        for run in found
        if not ended_with_service(run.tags)
    ]
    return history_of(outcomes, time.time())
