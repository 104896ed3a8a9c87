"""What the home shows beside snapshots: builds that did not publish, silent automation, masked copies that fail.

Here: failing builds in a row as one finding, which ends with the next published snapshot; silence; and failing copies.
Not here: the record itself (runs/), and what a person reads about a home (pipeline/home_status.py).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from vsf_assets.masking.copy_state import FAILED as COPY_FAILED
from vsf_assets.masking.copy_state import MADE, CopyState
from vsf_assets.pipeline.home_status import SILENT as SILENT_AFTER
from vsf_assets.pipeline.home_status import HomeStatus
from vsf_assets.portal.notices.kinds import BUILD, MASKED, SILENT
from vsf_assets.portal.notices.snapshot_findings import Finding
from vsf_assets.runs.run_record import DIED, FAILED, RUNNING, RunRecord
from vsf_assets.runs.service_state import HEARTBEATS

RUNS = 500
"""Newest runs that are read."""

MOST_CHECKS = 20


def build_findings(runs: Iterable[RunRecord], open_key: str, since: datetime) -> list[Finding]:
    """Return the failing builds, each row of them as one finding.

    A row of failing builds begins with the first that fails or dies, and ends with a run that publishes a snapshot. A
    build that a person canceled, or that had nothing to do, neither begins nor ends one.

    Args:
        runs: of the record, in any sequence.
        open_key: key of the finding that was not over when runs were read last; empty if there was none. Its first run
            may have left the record.
        since: runs that started before are no news.
    """
    ordered = sorted((run for run in runs if run.outcome != RUNNING), key=lambda run: run.started_at)
    ordered = [run for run in ordered if run.started_at >= since]
    places = [place for place, run in enumerate(ordered) if _key(run) == open_key]
    current = None
    if places:
        ordered = ordered[places[0] :]
    elif open_key:
        current = Finding(open_key, BUILD, None)
    found = []
    for run in ordered:
        if run.snapshot is not None:
            if current is not None:
                found.append(replace(current, is_over=True, over_at=run.ended_at, snapshot=run.snapshot))
            current = None
        elif "build" in run.kind and run.outcome in (FAILED, DIED):
            details = {"checks": [check.name for check in run.blocking][:MOST_CHECKS], "has_died": run.outcome == DIED}
            if current is None:
                current = Finding(_key(run), BUILD, run.ended_at or run.started_at)
            current = replace(current, details=details)
    return [*found, current] if current is not None else found


def _key(run: RunRecord) -> str:
    return f"{BUILD}:{run.run_id}"


def silence(home: HomeStatus, open_key: str, since: datetime) -> Finding | None:
    """Return that automation is silent, or that an earlier silence is over; None if it is neither.

    Automation of a service that has ended counts as silent too, if it gave signs of life since notices began: nothing
    is loaded by itself then. A new service ends a silence when its automation gives a sign, and not before.

    Args:
        home: the state of the home.
        open_key: key of a silence that was not over; empty if there was none.
        since: when notices began.
    """
    sign = home.oldest_sign
    if home.service is None or sign is None:
        return None
    signs = [home.heartbeats[name] for name in HEARTBEATS if name in home.heartbeats]
    if open_key:
        is_alive = home.at - min(signs) <= SILENT_AFTER
        return Finding(open_key, SILENT, None, is_over=is_alive, over_at=home.at if is_alive else None)
    if home.at - sign <= SILENT_AFTER or (not home.is_running and sign < since):
        return None
    key = f"{SILENT}:{sign.isoformat(timespec='seconds')}"
    return Finding(key, SILENT, sign, details={"service_runs": home.is_running})


def failing_copy(state: CopyState | None, open_key: str, since: datetime) -> Finding | None:
    """Return that masked copies fail, or that this is over; None if it is neither.

    Args:
        state: of the newest copy; None where none is made.
        open_key: key of a failure that was not over; empty if there was none.
        since: when notices began.
    """
    if open_key:
        is_over = state is None or state.state == MADE
        return Finding(open_key, MASKED, None, is_over=is_over, over_at=state.at if is_over and state else None)
    if state is None or state.state != COPY_FAILED or state.at < since:
        return None
    return Finding(f"{MASKED}:{state.number}:{state.since:.0f}", MASKED, state.at)
