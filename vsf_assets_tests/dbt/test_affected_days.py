"""Which days an incremental build makes again: those that may differ, those of a stopped build, or all.

Not here: that the tables are those of a full build whatever the order of deliveries (test_incremental.py).
"""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from vsf_assets_tests.dbt.deliveries import (
    FEEDS,
    FIRST,
    LINES,
    ReadResult,
    build,
    built_home,
    event,
    event_files,
    lines_of,
    tables,
)
from vsf_assets_tests.events import event_text
from vsf_assets_tests.warehouses import Home


def affected(home: Home) -> list[str]:
    return [
        str(day)
        for (day,) in home.query("select event_date from transform_build_state.int_mobile__affected_days order by 1")
    ]


def test_only_days_that_may_differ_are_made_anew(tmp_path: Path) -> None:
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
    assert land(f"{days[0]}_linedim_again.csv", line, minute=2) == [], "an equal state adds no version"
    changed = land(f"{days[2]}_linedim.csv", line.replace("Retail", "Direct"), minute=3)
    assert changed == [str(days[2])], "days before a new version stay as they are"


def test_what_a_stopped_build_did_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day gets more files; and of a line, a hundred days before, the next delivery takes back what was seen.

    So the history of the line is as before the stopped build, and its days are made again all the same.
    """
    home, chance = built_home(tmp_path), random.Random(4)
    files = event_files(random.Random(2))[:4]
    mtn, before = lines_of(1)[0], FIRST - timedelta(100)

    def land(some: list[ReadResult], day: date, channel: str, minute: int) -> None:
        for name, content, at in some:
            home.land(name, content, at)
        line = f"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n{mtn},APPLE,{channel},2025-01-01\n"
        home.land(f"{day}_linedim.csv", line.encode(), minute)
        home.ingest(feeds=FEEDS)

    days = [before + timedelta(n) for n in range(5)]
    home.land(f"{before}_a.txt", event_text(*(event(chance, str(day), day, mtn) for day in days)))
    land(files[:2], before - timedelta(19), "Retail", -1)
    land([], days[4], "Direct", 0)
    build(home)
    land(files[2:3], days[2], "Indirect", 1)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="stopped"):
        patch.setattr("vsf_assets.pipeline.build.record_build", _stop)
        build(home)
    first = affected(home)
    assert {str(days[2]), files[2][0][:10]} <= set(first)
    land(files[3:], days[2], "Retail", 2)
    build(home)
    assert set(first) <= set(affected(home))
    incremental = tables(home)
    build(home, full=True)
    assert tables(home) == incremental


def test_what_a_stopped_full_build_did_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = built_home(tmp_path)
    for name, content, minute in event_files(random.Random(5))[:3]:
        home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    every_day = affected(home)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="stopped"):
        patch.setattr("vsf_assets.pipeline.build.record_build", _stop)
        build(home, full=True)
    home.land(f"{FIRST + timedelta(9)}_z.txt", event_text())
    home.ingest(feeds=FEEDS)
    build(home)
    assert affected(home) == every_day != []


def _stop(*_: object) -> None:
    raise RuntimeError("stopped")


def test_a_changed_model_or_setting_builds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr("vsf_assets.transform.build_state.project_digest", lambda: "another")
    build(home)
    assert affected(home) == every_day
