"""What Dagster shows is what the ledger holds: after a stop, a wipe, and by whom.

Here: the comparison, and the events that mend it. Not here: stopping a run.
"""

from typing import Any

import dagster as dg
import pytest

from vsf_assets.defs.ledger_differences import (
    UNKNOWN,
    Differences,
    LoadedFile,
    differences,
    missing_dynamic_partitions,
    stored_states,
)
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.partitions import dynamic_partitions_name
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.feeds import all_feeds
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
KEY = dg.AssetKey(["raw", "clicks"])
ONE, TWO = ("raw.clicks", "1"), ("raw.clicks", "2")


def loaded(partition: str | None, file_id: int, feed: str = "clicks", name: str = "a.csv") -> LoadedFile:
    return LoadedFile(feed, partition, name, file_id, "sha", "v1")


def test_a_state_is_that_of_the_loaded_files_in_any_order() -> None:
    feeds = [all_feeds()["clicks"], all_feeds()["lines"]]
    both = [loaded("1", 1), loaded("1", 2)]
    states = stored_states([*both, loaded(None, 3, "lines"), loaded("x", 4, "banners_of_nobody")], feeds)
    assert set(states) == {ONE, ("raw.lines", None)}
    assert stored_states(reversed(both), feeds)[ONE] == states[ONE]
    assert stored_states(both[:1], feeds)[ONE] != states[ONE]


@pytest.mark.parametrize(
    ("stored", "shown", "found"),
    [
        ({}, {}, Differences()),
        ({ONE: "a"}, {ONE: "a"}, Differences()),
        ({ONE: "a", TWO: "b"}, {ONE: "a"}, Differences([TWO])),
        ({ONE: "a", TWO: "b"}, {}, Differences([TWO, ONE])),
        ({ONE: "a"}, {ONE: UNKNOWN}, Differences([ONE])),
        ({ONE: "a"}, {ONE: "a", TWO: "b"}, Differences([], [TWO])),
        ({}, {ONE: "a"}, Differences()),  # an empty ledger wipes nothing
    ],
)
def test_what_differs(stored: dict[Any, str], shown: dict[Any, str], found: Differences) -> None:
    assert differences(stored, shown) == found


def test_a_dynamic_partition_that_a_person_deleted_is_missing() -> None:
    feed = all_feeds()["datasets"]
    name = dynamic_partitions_name(feed.partitioning)
    assert name is not None
    stored = [(feed.tables[0], "a"), (feed.tables[0], "b"), ("raw.clicks", "1")]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(name, ["a", "b", "of nobody"])
        assert missing_dynamic_partitions(instance, stored, [feed]) == {}
        instance.delete_dynamic_partition(name, "a")
        assert missing_dynamic_partitions(instance, stored, [feed]) == {name: ["a"]}


def rows_shown(instance: dg.DagsterInstance) -> dict[str, int]:
    """Return partition -> rows that the UI shows."""
    found = {}
    for partition in instance.get_materialized_partitions(KEY):
        records = instance.fetch_materializations(dg.AssetRecordsFilter(KEY, asset_partitions=[partition]), limit=1)
        (event,) = [record.asset_materialization for record in records.records]
        assert event is not None
        found[partition] = event.metadata["dagster/partition_row_count"].value
    return found


def test_a_partition_shows_the_rows_of_all_its_files(home: Home, instance: dg.DagsterInstance) -> None:
    for name, rows in (("clicks_1.csv", CLICKS), ("clicks_1_b.csv", CLICKS + "4,5,6\n"), ("clicks_2.csv", CLICKS)):
        home.drop({name: rows})
        assert run_job(loaded_defs(), instance, "ingest_campaigns")[0]
    assert rows_shown(instance) == {"1": 3, "2": 1}


def test_the_next_run_reports_what_an_earlier_one_stored_and_so_does_the_backstop(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS + "x,5,6\n"})
    home.load(checked=False)  # without Dagster, as a run that was stopped before it told Dagster
    home.drop({"clicks_3.csv": CLICKS})
    run_job(loaded_defs(), instance, "ingest_campaigns")
    assert rows_shown(instance) == {"1": 1, "2": 1, "3": 1}
    contract = dg.AssetCheckKey(KEY, "contract")
    (latest,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([contract]).values()
    assert latest.status.value == "FAILED"

    before = instance.get_latest_materialization_event(KEY)
    sensor = backstop_sensor([loaded_defs().resolve_job_def("ingest_campaigns")])
    instances.tick(sensor, instance)
    assert instance.get_latest_materialization_event(KEY) == before, "nothing differs"
    instance.wipe_assets([KEY])
    instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition="4"))
    instances.tick(sensor, instance)
    assert rows_shown(instance) == {"1": 1, "2": 1, "3": 1}
    assert not instances.tick(sensor, instance).run_requests
