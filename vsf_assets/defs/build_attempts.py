"""Attempts to build: what each was made from, how the newest ended, and whether another may be requested.

Here: the tags that runs carry for it, and the decision as a pure function. Not here: the sensors that request builds
(recovery_sensors.py), the pause of sensors that ingest (backoff.py), and what a build is made from
(transform/build_state.py).

A failed check or a broken model gives the same result again, so such a build is retried once, and then rests until a
delivery is loaded, the models change, or a person runs it. A build that a person stopped rests at once. Other failures,
of the disk or of a killed process, may pass, and are retried after growing pauses; those of a server or bucket that is
not available for as long as it takes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from vsf_assets.defs.backoff import RunOutcome, backoff_reason, history_of, is_active, outcome_for_sensors
from vsf_assets.resources.past_runs import runs_tagged
from vsf_assets.resources.run_tags import BASIS, BUILDS, OUTAGE, REFUSED, ended_with_service, value_of

BUILDS_TAG = {BUILDS: "snapshot"}

MOST_REFUSALS = 2
_READ = 12


@dataclass(frozen=True)
class Attempt:
    """A run that built, or was to build.

    Attributes:
        status: the status of the run.
        basis: what it was built from (BuildState.basis); empty if the run ended before it knew.
        is_refused: whether a check or a model failed.
        ended: when it ended, in seconds since 1970; None while it runs.
        is_outage: whether it failed because something outside the files and models was not available.
    """

    status: dg.DagsterRunStatus
    basis: str = ""
    is_refused: bool = False
    ended: float | None = None
    is_outage: bool = False


def mark_attempt(context: dg.AssetExecutionContext | dg.OpExecutionContext, basis: str) -> None:
    """Tag the run as a build from `basis`."""
    context.instance.add_run_tags(context.run.run_id, {**BUILDS_TAG, BASIS: basis, REFUSED: "no"})


def mark_refused(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> None:
    """Tag the run as one that a check or a broken model keeps from publishing."""
    context.instance.add_run_tags(context.run.run_id, {REFUSED: "yes"})


def attempts_of(instance: dg.DagsterInstance, snapshot: dg.AssetKey) -> list[Attempt]:
    """Return the newest attempts, newest first; runs that wait or run come before those that ended."""
    waiting = [
        Attempt(run.status)
        for run in instance.get_runs(dg.RunsFilter(statuses=[s for s in dg.DagsterRunStatus if is_active(s)]))
        if snapshot in (run.asset_selection or ()) or value_of(run.tags, BUILDS) is not None
    ]
    ended = [
        Attempt(
            run.status,
            run.tags.get(BASIS, ""),
            value_of(run.tags, REFUSED) == "yes",
            run.ended,
            OUTAGE in run.tags,
        )
        for run in runs_tagged(instance, BUILDS, BUILDS_TAG[BUILDS], _READ, [snapshot])
        if not is_active(run.status) and not ended_with_service(run.tags)
    ]
    return waiting + ended


def rest_reason(attempts: Sequence[Attempt], basis: str, changed: float, now: float | None = None) -> str | None:
    """Return why no build may be requested now, or None if one may.

    Args:
        attempts: the newest attempts, newest first.
        basis: what a build would be made from now.
        changed: when the newest delivery was loaded, in seconds since 1970. An attempt without a basis that ended later
            had the same deliveries.
        now: the time, in seconds since 1970.
    """
    if any(is_active(attempt.status) for attempt in attempts):
        return "a run that builds is running or waiting"
    same: list[Attempt] = []
    for attempt in attempts:
        is_same = attempt.basis == basis if attempt.basis else (attempt.ended or 0.0) >= changed
        if attempt.status == dg.DagsterRunStatus.SUCCESS or not is_same:
            break
        same.append(attempt)
    until = "requested again when a delivery is loaded or the models change; to build now: vsf run, or materialize"
    if same and same[0].status == dg.DagsterRunStatus.CANCELED:
        return f"a person stopped the last build; it is {until} snapshots/current"
    if sum(attempt.is_refused for attempt in same) >= MOST_REFUSALS:
        return f"the last builds failed on the same deliveries and models (see the failed run); a build is {until} it"
    outcomes = [
        RunOutcome(outcome_for_sensors(each.status, each.is_refused), each.ended, is_outage=each.is_outage)
        for each in attempts
    ]
    return backoff_reason(history_of(outcomes, time.time() if now is None else now))
