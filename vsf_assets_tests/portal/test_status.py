"""Home and Status: what waits and why, runs and why one failed, and the calendar of deliveries.

Here: pages against files that tests land and runs that tests record. Not here: the state of a home
(pipeline/home_status.py has its own tests).
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets_tests.portal.driver import Portal


def text(answer: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())  # type: ignore[attr-defined]


@pytest.fixture
def landed(portal: Portal) -> Iterator[Path]:
    from vsf_assets.portal.status import waiting_files

    file = Path(portal.settings.landing) / "2019-07-01_linedim.csv"
    file.write_bytes(b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n")
    waiting_files._kept.clear()
    yield file
    file.unlink()
    waiting_files._kept.clear()


def test_what_waits_is_named_with_its_reason_to_those_who_may_read_its_feed(portal: Portal, landed: Path) -> None:
    shown = text(portal.client(portal.account("ann", "reader")).get("/"))
    assert "1 file waits for the next snapshot" in shown
    assert "2019-07-01_linedim.csv lines" in shown
    assert "the service does not run: start vsf serve, or run vsf run" in shown
    portal.grant("others", "clicks")
    other = portal.client(portal.account("other", "reader", team="others"))
    assert "linedim" not in other.get("/").content.decode()


def test_every_page_says_that_no_service_runs(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    for address in ("/", "/status/", "/data/", "/data/marts/dim_lines/", "/profile/"):
        assert "No service runs here" in text(client.get(address))


def test_everything_delivered_is_in_the_snapshot_when_nothing_waits(portal: Portal) -> None:
    assert "Everything delivered is in snapshot 1" in text(portal.client(portal.account("ann", "reader")).get("/"))


def test_a_failed_run_says_why_to_engineers_and_quotes_values_only_with_the_permission(portal: Portal) -> None:
    with recorded_run(portal.settings.home, "run-1", "build") as run:
        run.failed_checks.append(
            CheckFailure("keys_are_unique", "2 found, the first: mtn 5557770001", "keys are unique", 2)
        )
        run.fail("blocking check keys_are_unique: mtn 5557770001")
    seen = {
        name: text(portal.client(portal.account(name, role, personal=personal)).get("/status/"))
        for name, role, personal in (("ann", "reader", False), ("bob", "engineer", False), ("cat", "engineer", True))
    }
    for file in portal.settings.home.glob("runs.*"):
        file.unlink()
    for shown in seen.values():
        assert (
            "the last build failed: keys_are_unique" in shown or "last build failed: keys_are_unique" in shown.lower()
        )
    assert "5557770001" in seen["cat"]
    assert "keys_are_unique : 2 rows" in seen["bob"]
    assert "5557770001" not in seen["ann"] + seen["bob"]


def test_the_calendar_has_a_cell_per_day_that_leads_to_its_deliveries(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    assert "?until=2019-06-03" in client.get("/status/").content.decode()  # the files landed years after their days
    shown = client.get("/status/?until=2019-06-03").content.decode()
    (link,) = re.findall(r'href="(/status/deliveries/\?feed=events&amp;day=2019-06-03)"', shown)
    target = client.get(link.replace("&amp;", "&")).headers["Location"]
    assert target == "/deliveries/files/?feed=events&day=2019-06-03"
    assert "1 file of events for 2019-06-03, 1 row held back" in text(client.get(target))


def test_the_states_of_days_follow_from_the_deliveries(portal: Portal) -> None:
    from vsf_assets.portal.shared.open_pool import pool
    from vsf_assets.portal.status.calendar import BAD, LATE, MISSING, NONE, calendar

    with pool().current() as snapshot:
        days, rows = calendar(snapshot, ["events", "clicks", "fake_requests"], date(2026, 6, 10), date(2019, 6, 4))
    assert (str(days[-1]), str(days[0])) == ("2019-05-15", "2019-06-04")
    events, clicks = rows
    assert (events.feed, clicks.feed, clicks.is_elsewhere) == ("events", "clicks", True)
    states = {str(cell.day): cell.state for cell in events.days}
    # Of 2019-05-21, 2 of 6 records are held back, of 2019-06-03 1 of 9; all files landed in 2026.
    assert [states[day] for day in ("2019-05-19", "2019-05-20", "2019-05-21")] == [NONE, LATE, BAD]
    assert {states[f"2019-05-{day}"] for day in range(22, 32)} == {MISSING}
    assert [states[f"2019-06-0{day}"] for day in (1, 2, 3, 4)] == [MISSING, MISSING, BAD, NONE]
    assert {cell.state for cell in clicks.days} == {NONE}


def test_a_page_without_any_snapshot_says_what_fills_it(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from vsf_assets.portal import middleware
    from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool

    empty = SnapshotPool(replace(portal.settings, snapshots=str(tmp_path)), QueryLimits(1, 10**8, tmp_path / "x"))
    monkeypatch.setattr(middleware, "pool", lambda: empty)
    client = portal.client(portal.account("ann", "reader"))
    assert "Nothing was published yet" in text(client.get("/"))
    answer = client.get("/data/")
    assert answer.status_code == 503
    assert "Nothing was published yet" in text(answer)
    assert "vsf demo" in text(answer)
    assert "what was delivered is in the snapshot" not in text(client.get("/status/"))
    assert client.get("/api/v1/lines").json()["status"] == 503


def test_a_snapshot_of_an_earlier_version_is_named_as_such(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from vsf_assets.portal import middleware
    from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool

    with duckdb.connect(str(tmp_path / "vsf-7.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.fct_activity_events as select 1 as mtn")
    (tmp_path / "current.duckdb").symlink_to("vsf-7.duckdb")
    early = SnapshotPool(replace(portal.settings, snapshots=str(tmp_path)), QueryLimits(1, 10**8, tmp_path / "x"))
    monkeypatch.setattr(middleware, "pool", lambda: early)
    client = portal.client(portal.account("ann", "reader"))
    for address in ("/", "/status/", "/api/v1/activity/by-device", "/vsf/api/activity/"):
        answer = client.get(address)
        assert answer.status_code == 503, address
        assert "snapshot 7 was made by an earlier version" in answer.content.decode().lower(), address
    early.close()


def test_findings_of_the_last_days_and_unusual_days_lead_to_their_rows(portal: Portal) -> None:
    from datetime import timedelta

    from vsf_assets.portal.data.access import Access
    from vsf_assets.portal.shared.open_pool import pool
    from vsf_assets.portal.status.recent_findings import recent_findings

    user = portal.account("ann", "engineer", personal=True)
    ((newest,),) = portal.world.query("select max(landed_at)::date from reports.anomalies")
    with pool().current() as snapshot:
        found = recent_findings(snapshot, Access(user.account_rights), newest)  # type: ignore[arg-type]
        later = recent_findings(snapshot, Access(user.account_rights), newest + timedelta(days=8))  # type: ignore[operator]
    wanted = portal.world.query(
        "select feed, sum(records + unlisted_records)::bigint as n from reports.anomalies"
        " where landed_at >= ? group by feed order by n desc, feed",
        newest - timedelta(days=7),  # type: ignore[operator]
    )
    assert [(one.feed, one.records) for one in found] == wanted
    assert len(wanted) > 1
    assert later == []
    client = portal.client(user)
    for one in found:
        for kind, records, address in one.kinds:
            shown = client.get(address).content.decode()
            assert kind in shown
            assert records
    assert client.get(found[0].address).status_code == 200


def test_an_unusual_day_is_shown_with_what_was_expected(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.status import recent_findings as module

    sql = (
        "select 'events', '2019-05-21', 100::bigint, 295.0::double where list_contains($feeds, 'events') and $most > 0"
    )
    monkeypatch.setattr(module, "_VOLUME_SQL", sql)
    shown = portal.client(portal.account("ann", "reader")).get("/").content.decode()
    assert "66 % less than usual" in shown
    assert "/data/reports/volume_anomalies/?feed=events&amp;partition_key=2019-05-21" in shown
    other = portal.client(portal.account("other", "reader", team="others"))
    assert "2019-05-21" not in other.get("/").content.decode()
