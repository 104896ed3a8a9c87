"""Which days an incremental build makes anew: those that may differ, those of a stopped build, or all.

Not here: that the tables are those of a full build whatever the order of deliveries (test_incremental.py).
"""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from vsf_assets.warehouse import dbt
from vsf_assets_tests.dbt.deliveries import FEEDS, FIRST, LINES, build, built_home, event, event_files, tables
from vsf_assets_tests.events import event_text
from vsf_assets_tests.warehouses import Home


def affected(home: Home) -> list[str]:
    return [str(day) for (day,) in home.query("select event_date from changes.stg_vsf__affected_days order by 1")]


def test_only_days_that_may_differ_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    chance = random.Random(1)
    home = Home(tmp_path)
    line = f"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n{LINES[0]},APPLE,Retail,2025-01-01\n"
    days = [FIRST + timedelta(n) for n in range(4)]

    def land(name: str, *rows: str, minute: int = 0) -> list[str]:
        home.land(name, event_text(*rows) if ".txt" in name else rows[0].encode(), minute)
        home.ingest(feeds=FEEDS)
        build(home)
        return affected(home)

    mine = [event(chance, str(day), day, LINES[0]) for day in days[:3]]
    assert land(f"{days[2]}_a.txt", *mine) == [str(d) for d in days[:3]], "the first build is a full one"
    assert land(f"{days[3]}_a.txt", event(chance, "new", days[3], LINES[1])) == [str(days[3])]
    shared = land(f"{days[3]}_b.txt", event(chance, str(days[1]), days[3], LINES[1]))
    assert shared == [str(days[1]), str(days[3])], "a shared id"
    known = land(f"{days[0]}_linedim.csv", line, minute=1)
    assert known == [str(d) for d in days], "a line becomes known; the last day shares an id"
    assert land(f"{days[0]}_again_linedim.csv", line, minute=2) == [], "an equal state adds no version"
    changed = land(f"{days[2]}_linedim.csv", line.replace("Retail", "Direct"), minute=3)
    assert changed == [str(days[2])], "days before a new version stay as they are"


def test_what_a_stopped_build_did_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    home = built_home(tmp_path)
    files = event_files(random.Random(2))[:4]
    for name, content, minute in files[:2]:
        home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    name, content, minute = files[2]
    home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="stopped"):
        patch.setattr("vsf_assets.pipeline.record_build", _stop)
        build(home)
    first = affected(home)
    name, content, minute = files[3]
    home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    assert set(first) <= set(affected(home))
    incremental = tables(home)
    build(home, full=True)
    assert tables(home) == incremental


def test_days_of_a_stopped_build_are_made_again_although_the_history_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stopped build saw a state that the next delivery takes back."""
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    home = built_home(tmp_path)
    header = "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"
    chance = random.Random(4)
    rows = [event(chance, str(n), FIRST + timedelta(n), LINES[0]) for n in range(5)]
    home.land(f"{FIRST}_a.txt", event_text(*rows))

    def land(name: str, channel: str, minute: int) -> None:
        home.land(name, f"{header}{LINES[0]},APPLE,{channel},2025-01-01\n".encode(), minute)
        home.ingest(feeds=FEEDS)

    land("2025-12-01_linedim.csv", "Retail", -1)
    land(f"{FIRST + timedelta(4)}_linedim.csv", "Direct", 0)
    build(home)
    dated = f"{FIRST + timedelta(2)}_linedim.csv"
    land(dated, "Indirect", 1)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="stopped"):
        patch.setattr("vsf_assets.pipeline.record_build", _stop)
        build(home)
    land(dated, "Retail", 2)
    build(home)
    incremental = tables(home)
    build(home, full=True)
    assert tables(home) == incremental


def _stop(*_: object) -> None:
    raise RuntimeError("stopped")


def test_a_changed_model_or_setting_builds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    home = built_home(tmp_path)
    for name, content, minute in event_files(random.Random(3))[:4]:
        home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    every_day = affected(home)
    home.land(f"{FIRST + timedelta(9)}_z.txt", event_text())
    home.ingest(feeds=FEEDS)
    build(home)
    assert affected(home) == []
    monkeypatch.setattr("vsf_assets.warehouse.builds.project_digest", lambda: "another")
    build(home)
    assert affected(home) == every_day
