"""What sensors read of past runs: also those that waited, were deleted, or are of an earlier version.

Here: reading, and the run storage that remembers. Not here: what sensors decide (test_stopped_runs.py), and the buttons
that delete and stop (test_buttons.py).
"""

from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from vsf_assets.resources.past_runs import MATERIALIZE, runs_of_job, runs_tagged
from vsf_assets.resources.run_storage import KEPT, RunStorage
from vsf_assets.resources.run_tags import BUILDS, INGESTS, STOPPED, value_of
from vsf_assets_tests.commandline import Home

S = dg.DagsterRunStatus
CLICKS, FILES = dg.AssetKey(["raw", "clicks"]), dg.AssetKey(["reports", "files"])


def recorded(instance: dg.DagsterInstance, name: str, status: dg.DagsterRunStatus, **more: Any) -> str:
    """Record a run of a job in a state; return its id."""
    run = dg.DagsterRun(job_name=name, run_id=str(uuid4()), status=S.STARTED, **more)
    instance.run_storage.add_run(run)
    if status == S.CANCELED:
        instance.report_run_canceled(run)
    return run.run_id


def newest(instance: dg.DagsterInstance, limit: int = 1) -> list[dg.DagsterRunStatus]:
    return [run.status for run in runs_tagged(instance, INGESTS, "campaigns", limit, [CLICKS])]


@pytest.mark.parametrize("name", [INGESTS, "vsf/ingests"])
def test_runs_of_an_earlier_version_count(home: Home, instance: dg.DagsterInstance, name: str) -> None:
    recorded(instance, "a", S.CANCELED, tags={name: "campaigns", "vsf/stopped_with_service": "yes"})
    (run,) = runs_tagged(instance, INGESTS, "campaigns", 5, [])
    assert (run.status, run.is_stopped) == (S.CANCELED, False)
    recorded(instance, "b", S.CANCELED, tags={name: "campaigns"})
    assert runs_tagged(instance, INGESTS, "campaigns", 1, [])[0].is_stopped
    assert runs_tagged(instance, INGESTS, "mobile", 1, []) == []
    assert value_of({"vsf/builds": "snapshot"}, BUILDS) == "snapshot"


def test_a_run_that_was_stopped_before_it_started_counts_for_its_assets(
    home: Home, instance: dg.DagsterInstance
) -> None:
    recorded(instance, MATERIALIZE, S.CANCELED, asset_selection=frozenset({FILES}))
    assert newest(instance) == []
    recorded(instance, MATERIALIZE, S.CANCELED, asset_selection=frozenset({CLICKS}))
    recorded(instance, "a", S.STARTED, tags={INGESTS: "campaigns"})
    assert newest(instance, 3) == [S.STARTED, S.CANCELED], "the newer one first"


def test_a_deleted_stop_counts_until_another_run(home: Home, instance: dg.DagsterInstance) -> None:
    for tags in ({INGESTS: "campaigns"}, {INGESTS: "campaigns", STOPPED: "yes"}):
        instance.delete_run(recorded(instance, "a", S.CANCELED, tags=tags))
    assert newest(instance, 5) == [S.CANCELED], "the other one was ended by the service"
    assert [run.is_stopped for run in runs_of_job(instance, "a", 5)] == [True]
    assert runs_of_job(instance, "b", 5) == []
    instance.delete_run(recorded(instance, "a", S.STARTED, tags={INGESTS: "campaigns"}))
    assert newest(instance) == [S.CANCELED]
    recorded(instance, "a", S.STARTED, tags={INGESTS: "campaigns"})
    assert newest(instance) == [S.STARTED]


def test_few_deleted_stops_are_kept_and_all_survive_a_wipe(home: Home, instance: dg.DagsterInstance) -> None:
    storage = instance.run_storage
    assert isinstance(storage, RunStorage)
    recorded(instance, "a", S.CANCELED)
    instance.wipe()
    (stop,) = storage.deleted_stops()
    assert stop["job_name"] == "a"
    storage.set_cursor_values({"vsf_deleted_stops": dg.serialize_value([{**stop, "created": n} for n in range(KEPT)])})
    instance.delete_run(recorded(instance, "b", S.CANCELED))
    kept = storage.deleted_stops()
    assert (len(kept), kept[0]["job_name"], kept[-1]["created"]) == (KEPT, "b", 1)


def test_the_assets_of_a_run_are_noted_where_it_names_none(home: Home, instance: dg.DagsterInstance) -> None:
    storage = instance.run_storage
    assert isinstance(storage, RunStorage)
    for named, noted in ((None, {CLICKS, FILES}), (frozenset({FILES}), {FILES})):
        run_id = recorded(instance, "a", S.STARTED, asset_selection=named)
        storage.note_assets(run_id, [CLICKS, FILES])
        run = instance.get_run_by_id(run_id)
        assert run is not None and (run.asset_selection, run.status) == (frozenset(noted), S.STARTED)
