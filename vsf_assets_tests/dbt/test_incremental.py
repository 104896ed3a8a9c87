"""Incremental builds end in the tables of one full build, whatever the order and batches of deliveries.

Not here: what the tables hold (test_star_schema.py) and what is in which order ingested (engine/).
"""

import gzip
import itertools
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from vsf_assets.contracts import get_table
from vsf_assets.pipeline import build_and_publish
from vsf_assets.warehouse import dbt
from vsf_assets_tests.commandline import tables_of
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

EVENT_COLUMNS = list(get_table("raw.events").schema.columns)
FEEDS = ("events", "lines", "accounts", "limits")
LINES = [f"555100000{n}" for n in range(8)]
FIRST = date(2025, 12, 20)
Delivery = tuple[str, bytes, int]


def event(chance: random.Random, uuid: str, day: date) -> str:
    fields = dict.fromkeys(EVENT_COLUMNS, "") | {
        "uuid": uuid,
        "event_time": f"{day} {chance.randrange(24):02}:00:00.000",
        "mdn": chance.choice([*LINES, "5559999999", ""]),
        "event_type": chance.choice(["app_open", "map_view", "limit_set"]),
        "session_id": str(chance.randint(-1, 3)),
        "event_properties": rf'"{{\"k\":{chance.randrange(3)}}}"',
    }
    return "|".join(fields.values())


def event_files(chance: random.Random) -> list[Delivery]:
    """Five days in two cohorts: late events, ids that repeat within a day, across files and across days."""
    files, said = [], []
    for n, cohort in itertools.product(range(5), "ab"):
        processed = FIRST + timedelta(n)
        days = [processed - timedelta(chance.choice([0, 0, 0, 1, 3])) for _ in range(12)]
        rows = [event(chance, f"{cohort}{n}-{k}", day) for k, day in enumerate(days)]
        rows += chance.sample(said, min(len(said), 3))
        rows += [event(chance, f"x{chance.randrange(4)}", processed)]
        said += rows
        content = gzip.compress("\n".join(["|".join(EVENT_COLUMNS), *rows, ""]).encode(), mtime=0)
        files.append((f"{processed}_{cohort}.txt.gz", content, chance.randrange(-500, 500)))
    name, content, minute = files[3]
    files.append((name.replace("_", "_again_"), content, minute - 1))
    files.append((f"{FIRST}_cut.txt.gz", content[:-20], 7))
    return files


def state_files(chance: random.Random) -> list[Delivery]:
    """First states after the last event's day in landing order or not, changes within the days, a late one."""
    files = []
    for n, day in enumerate(["", f"{FIRST + timedelta(1)}_", f"{FIRST + timedelta(3)}_"]):
        lines = [
            f"{m},{chance.choice(['APPLE', 'ANDROID'])},{chance.choice(['Retail', 'Direct'])},2025-12-21" for m in LINES
        ]
        accounts = [f"ACCT0000{k},{chance.choice(['A', 'B'])},{chance.choice(['Premium', 'Basic'])}" for k in range(4)]
        limits = [f"{m},ACCT0000{chance.randrange(5)},{FIRST + timedelta(n)},USG" for m in chance.sample(LINES, 3)]
        for name, header, rows in (
            ("linedim", "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT", chance.sample(lines, 5)),
            ("accountdim", "CUST_ACCT,SEGMENT_NAME,SVC_PLAN", accounts),
            (f"limitfact_{n}", "MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE", limits),
        ):
            content = "\n".join([header, *rows, ""]).encode()
            files.append((f"{day}{name}.csv", content, chance.randrange(-500, 500)))
    return files


def deliveries() -> list[Delivery]:
    chance = random.Random("deliveries")
    return event_files(chance) + state_files(chance)


def build(home: Home, full: bool = False) -> None:
    report = build_and_publish(home.warehouse, "test", only_if_pending=True, full=full)
    assert report.problems == []


def built_home(folder: Path) -> Home:
    """Return a home whose first build needs not be a full one."""
    home = Home(folder)
    put_built_warehouse(home.settings)
    return home


def tables(home: Home) -> dict[str, list[str]]:
    return tables_of(home.warehouse.file)


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the tables of one full build of everything, checked by every test."""
    home = Home(tmp_path_factory.mktemp("at_once"))
    for name, content, minute in deliveries():
        home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    found = tables(home)
    # The comparison would be empty talk if the cases were not there.
    assert len(found["staging.stg_vsf__events_on_several_dates"]) > 2
    assert len(found["staging.stg_vsf__repeated_events"]) > 10
    assert len(found["marts.dim_lines"]) > len(LINES) + 3
    return found


@pytest.mark.parametrize("seed", range(20))
def test_any_order_and_batching_ends_in_the_same_tables(
    tmp_path: Path, at_once: dict[str, list[str]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 5:  # the data tests were passed by the full build; some orders pass them too
        monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    chance = random.Random(seed)
    home = built_home(tmp_path) if seed % 3 else Home(tmp_path)
    files = chance.sample(deliveries(), len(deliveries()))
    cuts = sorted(chance.sample(range(1, len(files)), chance.randint(1, 2)))
    for start, end in itertools.pairwise([0, *cuts, len(files)]):
        for name, content, minute in files[start:end]:
            home.land(name, content, minute)
        home.ingest(feeds=FEEDS)
        if chance.random() < 0.3:
            home.ingest(feeds=chance.sample(FEEDS, 2), reload="all")
        if chance.random() < 0.8 or end == len(files):
            build(home)
    found = tables(home)
    assert [name for name in at_once if found[name] != at_once[name]] == []
    assert found.keys() == at_once.keys()


def affected(home: Home) -> list[str]:
    return [str(day) for (day,) in home.query("select event_date from changes.stg_vsf__affected_days order by 1")]


def test_only_days_that_may_differ_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
    chance = random.Random(1)
    home = Home(tmp_path)
    header = "|".join(EVENT_COLUMNS)
    line = f"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n{LINES[0]},APPLE,Retail,2025-01-01\n"
    days = [FIRST + timedelta(n) for n in range(4)]

    def land(name: str, *rows: str, minute: int = 0) -> list[str]:
        home.land(name, "\n".join([header, *rows, ""]).encode() if ".txt" in name else rows[0].encode(), minute)
        home.ingest(feeds=FEEDS)
        build(home)
        return affected(home)

    def row(uuid: str, day: date, mtn: str) -> str:
        return f"{mtn}|{event(chance, uuid, day).partition('|')[2]}"

    mine = [row(str(day), day, LINES[0]) for day in days[:3]]
    assert land(f"{days[2]}_a.txt", *mine) == [str(d) for d in days[:3]], "the first build is a full one"
    assert land(f"{days[3]}_a.txt", row("new", days[3], LINES[1])) == [str(days[3])]
    shared = land(f"{days[3]}_b.txt", row(str(days[1]), days[3], LINES[1]))
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
    rows = [f"{LINES[0]}|{event(chance, str(n), FIRST + timedelta(n)).partition('|')[2]}" for n in range(5)]
    home.land(f"{FIRST}_a.txt", "\n".join(["|".join(EVENT_COLUMNS), *rows, ""]).encode())

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
    home.land(f"{FIRST + timedelta(9)}_z.txt", "|".join(EVENT_COLUMNS).encode())
    home.ingest(feeds=FEEDS)
    build(home)
    assert affected(home) == []
    monkeypatch.setattr("vsf_assets.warehouse.builds.project_digest", lambda: "another")
    build(home)
    assert affected(home) == every_day
