"""Odd entries under sensors: ticks list on, runs of good files succeed, and nothing pauses a sensor.

Not here: the entries themselves (unit/test_folder_listing.py) and the command line (cli/test_odd_entries.py).
"""

import json
import os
from typing import Any

import dagster as dg
import pytest

from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.marts import SNAPSHOT
from vsf_assets.defs.repeated_requests import Repetition, read_requested, ready
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.odd import put_harmless
from vsf_assets_tests.rights import like_other_users

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return instances.tick(landing_sensor("campaigns", [SNAPSHOT]), instance, cursor)


def warnings_of(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    records = instance.all_logs(run_id)
    return [record.user_message for record in records if record.level == 30]


def test_a_tick_with_nothing_else_to_do_says_what_is_left_out(home: Home, instance: dg.DagsterInstance) -> None:
    put_harmless(home.landing)
    said = tick(instance)
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message is not None
    assert said.skip_message.startswith("nothing is pending; ")
    assert "clicks_1_pipe.csv is left out: it is a pipe (FIFO) and holds no file; what to do:" in said.skip_message


def test_the_run_of_the_good_files_succeeds_and_warns_of_the_others(home: Home, instance: dg.DagsterInstance) -> None:
    put_harmless(home.landing)
    home.drop({"clicks_1.csv": CLICKS, "closed/clicks_2.csv": CLICKS, "clicks_3.csv": CLICKS})
    (home.landing / "closed").chmod(0)
    (home.landing / "clicks_3.csv").chmod(0)
    with like_other_users():
        (request,) = tick(instance).run_requests
        good, run_id = instances.ingested(instance, request)
    assert good
    assert list(instances.load_of(request)["listing"]) == ["clicks_1.csv"]
    assert instance.get_materialized_partitions(dg.AssetKey(["raw", "clicks"])) == {"1"}
    warned = [line.split(" is left out")[0] for line in warnings_of(instance, run_id) if " is left out" in line]
    assert warned[:2] == ["clicks_3.csv", "closed"]
    assert len(warned) == 12  # and ten that are no errors; hidden files need no attention


def test_a_file_that_only_reading_refuses_does_not_fail_the_run_nor_is_it_asked_for_at_once(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FolderStore.open

    def refuse(self: FolderStore, path: str, etag: str = "") -> Any:
        if path == "clicks_2.csv":
            raise PermissionError(13, "Permission denied", str(self.root / path))
        return original(self, path, etag)

    monkeypatch.setattr(FolderStore, "open", refuse)
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS})
    first = tick(instance)
    (request,) = first.run_requests
    good, run_id = instances.ingested(instance, request)
    assert good
    assert [line for line in warnings_of(instance, run_id) if line.startswith("clicks_2.csv: cannot be read: ")]
    second = tick(instance, first.cursor)
    assert not second.run_requests
    assert "the last run did not load 1 files" in second.skip_reason.skip_message
    home.drop({"clicks_4.csv": CLICKS})
    (third,) = tick(instance, second.cursor).run_requests
    assert list(instances.load_of(third)["listing"]) == ["clicks_4.csv"]
    strict, _ = instances.ingested(instance, request, fails_for_files=True)
    assert not strict


def test_what_was_left_is_asked_for_again_after_pauses_that_grow_to_ten_minutes(home: Home) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    (entry,) = FolderStore(home.landing).entries()
    for times, rest in [(1, 10), (2, 20), (6, 320), (7, 600), (60, 600)]:
        requested = {entry.path: Repetition(times, 1000.0)}
        assert ready([entry], requested, 5, 1000.0 + rest - 0.1) == []
        assert ready([entry], requested, 5, 1000.0 + rest) == [entry]


@pytest.mark.parametrize("cursor", [None, "", "garbage", "[]", '{"requested": 1}', '{"requested": {"a": 1}}'])
def test_a_broken_cursor_asks_for_everything(cursor: str | None) -> None:
    assert read_requested(cursor) == {}


def test_a_changed_file_is_asked_for_at_once(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    first = tick(instance)
    assert first.run_requests
    assert list(json.loads(first.cursor)["requested"]) == ["clicks_1.csv"]
    assert not tick(instance, first.cursor).run_requests
    os.utime(home.landing / "clicks_1.csv", (1, 1))
    assert tick(instance, first.cursor).run_requests


def test_an_upload_with_an_unreadable_member_is_not_asked_for(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({f"datasets/a/{name}.csv": "x\n" for name in ("namespaces", "columns", "datapoints")})
    (home.landing / "datasets" / "a" / "columns.csv").chmod(0)
    with like_other_users():
        said = instances.tick(landing_sensor("datasets", [SNAPSHOT]), instance)
    assert isinstance(said, dg.SkipReason)
    assert "datasets/a/columns.csv is left out: reading it is not permitted" in (said.skip_message or "")
