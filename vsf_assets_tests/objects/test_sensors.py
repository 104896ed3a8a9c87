"""The landing sensors on a bucket: they list and nothing else.

Not here: what sensors decide (dagster/test_sensors.py).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from vsf_assets.defs.landing_sensors import landing_sensor, read_listing
from vsf_assets.defs.marts import SNAPSHOT
from vsf_assets_tests import instances
from vsf_assets_tests.objects.homes import CommandHome

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


@pytest.fixture
def instance(command_home: CommandHome) -> Iterator[dg.DagsterInstance]:
    with instances.instance_at_home() as opened:
        yield opened


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, cursor)


def test_a_sensor_lists_and_its_look_saves_the_run_the_waiting(
    command_home: CommandHome, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0.1")
    command_home.drop({"clicks_1.csv": CLICKS, "notes.txt": "unknown"})
    command_home.bucket.server.log.clear()
    first = tick(instance)
    assert instances.load_of(first.run_requests[0])["patience"] > 0, "it begins a run that waits"
    (seen,) = read_listing(first.cursor).entries.values()
    assert seen.etag
    second = tick(instance, first.cursor)
    while not second.run_requests:
        second = tick(instance, second.cursor)
    requested = [(r.method, r.path) for r in command_home.bucket.server.log if "list-type=2" not in r.query]
    assert {(method, path.rpartition("/")[2]) for method, path in requested} == {
        ("GET", ".vsf-home")
    }  # before it asks for a run
    (request,) = second.run_requests
    assert instances.load_of(request)["etags"] == {"clicks_1.csv": seen.etag}
    command_home.bucket.server.log.clear()
    good, _ = instances.ingested(instance, request)
    assert good
    listings = [r for r in command_home.bucket.server.log if "list-type=2" in r.query and "landing" in r.query]
    assert len(listings) == 1


def test_an_object_that_is_replaced_within_a_second_is_not_stable(
    command_home: CommandHome, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    command_home.drop({"clicks_1.csv": CLICKS})
    before = read_listing(tick(instance).cursor).entries["clicks_1.csv"]
    command_home.drop({"clicks_1.csv": CLICKS.replace("3", "4")})
    after = read_listing(tick(instance).cursor).entries["clicks_1.csv"]
    assert before.size == after.size
    assert before.etag != after.etag
