"""When a build may be requested: the decision from the newest attempts, and the attempts of an instance."""

import dagster as dg
import pytest

from vsf_assets.defs.build_attempts import BUILDS_TAG, Attempt, attempts_of, rest_reason
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.resources.run_tags import BASIS
from vsf_assets.resources.run_tags import REFUSED as REFUSED_TAG
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

S = dg.DagsterRunStatus
REFUSED = Attempt(S.FAILURE, "a", is_refused=True, ended=90.0)
CRASHED = Attempt(S.FAILURE, "a", ended=90.0)
OUTAGE = Attempt(S.FAILURE, "a", ended=90.0, is_outage=True)
GOOD = Attempt(S.SUCCESS, "a", ended=80.0)
STOPPED = Attempt(S.CANCELED, "a", ended=90.0)


@pytest.mark.parametrize(
    ("attempts", "says"),
    [
        ([], None),
        ([GOOD], None),
        ([REFUSED], None),  # one retry
        ([REFUSED, GOOD, REFUSED], None),
        ([REFUSED, REFUSED], "failed on the same deliveries and models"),
        ([REFUSED, CRASHED, REFUSED, GOOD], "failed on the same deliveries and models"),
        ([REFUSED, Attempt(S.FAILURE, "b", is_refused=True, ended=80.0)], None),
        ([Attempt(S.FAILURE, "b", is_refused=True, ended=90.0)] * 2, None),  # something changed since
        ([STOPPED], "a person stopped the last build"),
        ([STOPPED, REFUSED], "a person stopped the last build"),
        ([Attempt(S.CANCELED, "b", ended=90.0)], None),
        ([Attempt(S.CANCELED, ended=90.0)], "a person stopped"),  # before it started
        ([Attempt(S.CANCELED, ended=40.0)], None),  # a delivery came later
        ([Attempt(S.QUEUED), REFUSED], "running or waiting"),
        ([Attempt(S.STARTED, "a")], "running or waiting"),
        ([CRASHED] * 5, "PAUSED after 5"),
        ([OUTAGE, *[CRASHED] * 4], None),
        ([REFUSED, *[CRASHED] * 5], None),  # what crashed is over
    ],
)
def test_a_build_is_retried_once_and_rests_until_something_changes(attempts: list[Attempt], says: str | None) -> None:
    reason = rest_reason(attempts, "a", changed=50.0, now=1000.0)
    assert reason is None if says is None else says in (reason or "")


def test_attempts_are_counted_whatever_job_they_belong_to(home: Home, instance: dg.DagsterInstance) -> None:
    definitions = loaded_defs()
    build, ingest = (definitions.resolve_job_def(name) for name in (BUILD_JOB, "ingest_campaigns"))
    instance.create_run_for_job(ingest, status=S.SUCCESS)
    refused = {**BUILDS_TAG, BASIS: "a", REFUSED_TAG: "yes"}
    instance.create_run_for_job(build, status=S.FAILURE, tags=refused)
    assert attempts_of(instance, SNAPSHOT) == [Attempt(S.FAILURE, "a", is_refused=True)]
    instance.create_run_for_job(build, status=S.STARTING, asset_selection={SNAPSHOT})  # as the UI does
    assert [attempt.status for attempt in attempts_of(instance, SNAPSHOT)] == [S.STARTING, S.FAILURE]
