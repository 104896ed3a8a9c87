"""Requests for made-up files in Dagster: the sensors ask for runs, each request is a partition, checks are told.

Not here: what becomes of a request (synthetic/test_fulfilling.py).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.defs.local_runner import open_instance, run_job
from vsf_assets.defs.synthetic_files import MADE, MAKE_JOB, requests_waiting
from vsf_assets.feeds.by_family.synthetic import REQUEST_FEED, SCHEMAS, STATES
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

GONE = {"gone.schema.yaml": "name: people\ndeleted: true\n"}
FILES = {
    "people.schema.yaml": "name: people\ncolumns:\n- {name: id, type: Sequence, unique: true}\n",
    "one.request.yaml": "schema: people\nrows: 5\n",
    "two.request.yaml": "schema: people\nrows: 6\nseed: 1\nowner: ann\n",
    "bad.request.yaml": "schema: nobody\nrows: 6\n",
}


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    settings = read_settings()
    ensure_manifest(settings)
    with open_instance(settings) as opened:
        yield opened


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(requests_waiting, instance, cursor)


def load(home: Home, *names: str) -> None:
    """Land files and ingest them without Dagster, as a run of the job `ingest_synthetic` would."""
    home.drop({name: {**FILES, **GONE}[name] for name in names})
    assert ingest(Warehouse.of(read_settings()), Selection((SCHEMAS, REQUEST_FEED, STATES)), "test").failed == []


def test_one_run_makes_all_that_waits_and_each_request_is_a_partition(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop(FILES)
    assert run_job(loaded_defs(), instance, "ingest_synthetic")[0]
    (request,) = tick(instance).run_requests
    assert request.tags["vsf/requests"] == "3"
    good, run_id = run_job(loaded_defs(), instance, MAKE_JOB)
    assert good
    assert sorted(instance.get_dynamic_partitions("fake_requests")) == ["bad", "one", "two"]
    assert instance.get_materialized_partitions(MADE) == {"one", "two"}
    reported = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    checks = [record.event_log_entry.dagster_event.asset_check_evaluation_data for record in reported]
    assert {(check.check_name, check.passed) for check in checks} == {
        ("row_count", True),
        ("unique", True),
        ("patterns", True),
        ("ranges", True),
        ("references", True),
    }
    done = tick(instance)
    assert not done.run_requests
    assert tick(instance, done.cursor).skip_message == "the warehouse has not changed since the last tick"


@pytest.mark.parametrize(("made", "queue"), [("", "home"), ("s3://bucket/made", "dagster")])
def test_any_worker_makes_files_for_a_bucket_and_one_at_the_home_makes_others(
    made: str, queue: str, home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(home, *FILES)
    monkeypatch.setenv("VSF_MADE", made)
    (request,) = tick(instance).run_requests
    of_job = loaded_defs().resolve_job_def(MAKE_JOB).run_tags
    assert {**of_job, **request.tags}["dagster-celery/queue"] == queue


def test_a_partition_is_made_again_on_demand_and_goes_with_its_schema(home: Home, instance: dg.DagsterInstance) -> None:
    load(home, *FILES)
    assert run_job(loaded_defs(), instance, MAKE_JOB)[0]
    load(home)
    file = home.path / "made" / "people" / "one.csv"
    file.unlink()
    made = loaded_defs().get_assets_def(MADE)
    assert dg.materialize([made], instance=instance, partition_key="one", resources=loaded_defs().resources).success
    assert file.exists()
    load(home, *GONE)
    assert run_job(loaded_defs(), instance, MAKE_JOB)[0]
    assert not file.exists()
    assert instance.get_dynamic_partitions("fake_requests") == ["bad"]


def test_a_request_made_anew_after_its_schema_was_deleted_keeps_its_partition(
    home: Home, instance: dg.DagsterInstance
) -> None:
    load(home, *FILES)
    assert run_job(loaded_defs(), instance, MAKE_JOB)[0]
    load(home)
    load(home, *GONE)
    load(home, "people.schema.yaml", "one.request.yaml")
    assert run_job(loaded_defs(), instance, MAKE_JOB)[0]
    assert sorted(instance.get_dynamic_partitions("fake_requests")) == ["bad", "one"]
    assert [file.name for file in (home.path / "made" / "people").iterdir()] == ["one.csv"]


def test_a_warehouse_in_use_is_looked_at_later(home: Home, instance: dg.DagsterInstance) -> None:
    with Warehouse.of(read_settings()).lock("a build"):
        assert "in use" in tick(instance).skip_message
