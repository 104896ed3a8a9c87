"""Runs at once that load a family: each has a share of the files that have landed, and a share has one run.

Here: which runs are in flight, what they hold, and the requests for the rest. Not here: shares as such
(landing/shares.py), and which files are ready (landing_sensors.py).

A run in flight holds the files of its share, whichever of them it has listed, so that no two runs read one file. What
a run holds is told by its state in Dagster alone: a run that ended, or was marked as dead, holds nothing, and its files
are requested again. `vsf run` and runs of the UI may still meet them; the lake stores each file once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from vsf_assets.defs.backoff import RunHistory, history_of_job, is_active
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.landing.shares import Share, parse_share, shares
from vsf_assets.resources.run_tags import INGESTS, SHARE, WRITER
from vsf_assets.storage.entry import Entry

SHARING = "share"
"""Value of the tag WRITER of a run that loads a share: dagster.yaml starts VSF_INGEST_RUNS of these at once."""

_ACTIVE = [status for status in dg.DagsterRunStatus if is_active(status)]


@dataclass(frozen=True)
class InFlight:
    """The runs of a family that wait or run; None stands for one that loads everything."""

    runs: Sequence[Share | None]

    def holds(self, path: str) -> bool:
        """Whether one of them loads a file."""
        return any(share is None or share.holds(path) for share in self.runs)


def in_flight(instance: dg.DagsterInstance, family: str) -> InFlight:
    """Return the runs of a family that wait or run, of whatever job."""
    found = instance.get_runs(dg.RunsFilter(tags={INGESTS: family}, statuses=_ACTIVE))
    return InFlight([parse_share(run.tags[SHARE]) if SHARE in run.tags else None for run in found])


def free_shares(running: InFlight, number: int, entries: Sequence[Entry]) -> list[tuple[Share, list[Entry]]]:
    """Return the shares for which a run may be requested now, each with its files.

    Args:
        running: the runs in flight.
        number: how many may be in flight.
        entries: the files that are ready.
    """
    free = [entry for entry in entries if not running.holds(entry.path)]
    found = [(share, [entry for entry in free if share.holds(entry.path)]) for share in shares(number)]
    # A share of another number, of before a change of the setting, overlaps several of these: not more runs for that.
    return [(share, held) for share, held in found if held][: max(0, number - len(running.runs))]


def history_of_shares(instance: dg.DagsterInstance, family: str, number: int, running: InFlight) -> RunHistory:
    """Return the results of a family's last runs; `active` where none may be requested beside those in flight."""
    history = history_of_job(instance, ingest_job_name(family), number)
    return replace(history, active=len(running.runs) >= number or None in running.runs)


def share_request(family: str, share: Share, load: Mapping[str, Any]) -> dg.RunRequest:
    """Return the request of a run that loads a share of a family; automation requests the build that follows.

    Originals whose contract changed are left to the run that the backstop requests: each share would read them again.

    Args:
        family: the family.
        share: the share.
        load: fields of `IngestConfig`.
    """
    config = {**load, "reload": "no", "share": str(share)}
    return dg.RunRequest(
        job_name=ingest_job_name(family),
        run_config={"ops": {f"{family}_files": {"config": config}}},
        tags={WRITER: SHARING, SHARE: str(share), INGESTS: family},
    )
