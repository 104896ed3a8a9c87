"""Stopping `vsf run`: what Dagster shows is what the ledger holds, and nobody asks for it again.

Here: the decision, and a run that is interrupted while it ingests. Not here: other ways to stop, at each
moment (test_buttons.py), builds that fail (test_verdicts.py), and whole processes that are killed (cli/test_crash.py).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.defs.backoff import STOPPED
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.marts import SNAPSHOT
from vsf_assets.defs.stopped_runs import StoppedRun, ingests_tag, rest_reason, stopped_run
from vsf_assets.ingest import loader
from vsf_assets.runs.run_record import read_runs
from vsf_assets.storage.entry import Entry
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
KEY = dg.AssetKey(["raw", "clicks"])
S = dg.DagsterRunStatus
OLD, NEW = (Entry(f"clicks_{n}.csv", 1, datetime.fromtimestamp(n * 100, UTC)) for n in (1, 3))


@pytest.mark.parametrize(
    ("stopped", "wanted", "seen", "rests"),
    [
        (None, [OLD], 110.0, False),
        (StoppedRun(200.0), [OLD], 110.0, True),
        (StoppedRun(200.0), [OLD], 210.0, False),  # copied with its old time, after the stop
        (StoppedRun(200.0), [OLD, NEW], 110.0, False),
        (StoppedRun(200.0), [], 110.0, False),
        (StoppedRun(200.0, "1", "2"), [OLD], 110.0, True),
        (StoppedRun(200.0, "2", "3"), [OLD], 110.0, False),  # a backfill of other partitions
        (StoppedRun(200.0, feeds=frozenset({"clicks"})), [OLD], 110.0, True),
        (StoppedRun(200.0, feeds=frozenset({"impressions"})), [OLD], 110.0, False),  # other assets
    ],
)
def test_files_rest_until_another_one_lands(
    stopped: StoppedRun | None, wanted: list[Entry], seen: float, rests: bool
) -> None:
    assert (rest_reason(stopped, wanted, lambda _: seen, "campaigns") is not None) == rests


def ledger(home: Home) -> dict[str, int]:
    """Return partition -> rows of its loaded files."""
    sql = "select partition_key, sum(rows_loaded)::int from raw.files where feed = 'clicks' group by all"
    with Warehouse.of(read_settings()).read("a test") as connection:
        assert connection is not None
        return dict(connection.execute(sql).fetchall())


def shown(instance: dg.DagsterInstance) -> dict[str, int]:
    """Return partition -> rows that the UI shows."""
    found = {}
    for partition in instance.get_materialized_partitions(KEY):
        filters = dg.AssetRecordsFilter(KEY, asset_partitions=[partition])
        (record,) = instance.fetch_materializations(filters, limit=1).records
        assert record.asset_materialization is not None
        found[partition] = int(record.asset_materialization.metadata["dagster/partition_row_count"].value)  # type: ignore[arg-type]
    return found


def interrupt(patch: pytest.MonkeyPatch, where: Any, name: str, after: int = 0) -> None:
    """Press Ctrl-C when a function is called, after it was called some times."""
    original, calls = getattr(where, name), []

    def stop(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        if len(calls) > after:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    patch.setattr(where, name, stop)


def newest(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


def test_a_stopped_ingest_reports_what_it_stored_and_rests(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS})
    requested = instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance)
    (request,) = requested.run_requests
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, loader.Ingest, "_store_one", 1)
        instances.ingested(instance, request)
    assert newest(instance).status == S.CANCELED
    assert shown(instance) == ledger(home) == {"1": 1}
    (recorded,) = read_runs(home.path)
    assert (recorded.outcome, recorded.files_loaded) == ("canceled", 1)

    tick = instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, requested.cursor)
    assert "a person stopped the run that was to load these 2 files" in tick.skip_reason.skip_message
    home.drop({"clicks_3.csv": CLICKS})
    assert instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance).run_requests, "a person reset the sensor"
    (request,) = instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, tick.cursor).run_requests
    assert instances.ingested(instance, request)[0]
    assert stopped_run(instance, "campaigns") is None
    assert shown(instance) == ledger(home) == {"1": 1, "2": 1, "3": 1}


def test_runs_of_every_way_to_ingest_a_family_count(home: Home, instance: dg.DagsterInstance) -> None:
    job = loaded_defs().resolve_job_def("ingest_campaigns")
    assert job.tags.items() >= ingests_tag("campaigns").items()
    run = instance.create_run_for_job(job, tags={**job.tags, "dagster/partition": "2"})
    assert stopped_run(instance, "campaigns") is None
    instance.report_run_canceled(run)
    found = stopped_run(instance, "campaigns")
    assert found is not None and (found.first, found.last) == ("2", "2")
    assert stopped_run(instance, "mobile") is None
    assert STOPPED.startswith("a person stopped")
