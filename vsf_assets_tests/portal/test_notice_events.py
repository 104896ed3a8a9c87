"""Events: each once, over passes, restarts and several watchers; what was before the start, and how events end.

Here: the watcher on homes that tests write. Not here: the rules of findings (test_notice_findings.py), and sending
(test_notice_outbox.py).
"""

import threading
from datetime import UTC, timedelta

import pytest

from vsf_assets_tests.portal.notice_snapshots import START, File
from vsf_assets_tests.portal.notice_world import NoticeWorld, notices

__all__ = ["notices"]

BROKEN = File("clicks", "1", "a.csv", 2, status="unreadable")
NIGHT = 24 * 60


def titles(team: str) -> list[str]:
    from vsf_assets.portal.notices.models import TeamNotice
    from vsf_assets.portal.notices.wording import title

    return [title(row.event) for row in TeamNotice.objects.filter(team__name=team).order_by("event_id")]


def test_an_event_is_found_once_over_passes_restarts_and_snapshots(notices: NoticeWorld) -> None:
    notices.publish(BROKEN)
    new, over = notices.scan(3)
    assert (len(new), over) == (1, [])
    assert notices.scan() == ([], [])
    notices.restart()
    assert notices.scan(10) == ([], [])
    notices.publish(BROKEN, File("clicks", "1", "b.csv", 20, 10, 0))
    assert notices.scan(21) == ([], [])
    assert notices.scan(21 + 2 * NIGHT) == ([], [])


def test_what_a_pass_did_not_record_is_found_by_the_next_one(
    notices: NoticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from vsf_assets.portal.notices import record_events, watcher

    def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(record_events, "MOST_EVENTS", 2)
    monkeypatch.setattr(watcher, "MOST_EVENTS", 2)
    notices.publish(*(File("clicks", "1", f"{n}.csv", 2, status="unreadable") for n in range(3)))
    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(watcher, "distribute", locked)
        notices.scan(3)
    assert [len(notices.scan()[0]) for _ in range(3)] == [2, 1, 0]
    with monkeypatch.context() as patch:
        notices.publish(*(File("clicks", "1", f"{n}.csv", 2, status="unreadable") for n in range(3)), BROKEN)
        patch.setattr(watcher, "still_held", lambda *_: False)
        assert notices.scan() == ([], [])
    assert [len(notices.scan()[0]) for _ in range(2)] == [1, 0]


def test_nothing_from_before_the_first_start_is_news(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent

    earlier = [File("clicks", "1", f"{n}.csv", -n, status="unreadable") for n in range(1, 400)]
    earlier += [File("clicks", "1", "unknown.csv", -500, status="unreadable", published=None)]
    earlier += [File("events", f"2029-{month:02}-01", f"{month}.gz", -30, 5, 5) for month in range(1, 13)]
    earlier += [File("events", day, day, -30, 5, 0) for day in ("2029-12-03", "2029-12-10", "2030-01-01")]
    notices.run("old", "a")
    notices.minute = 10
    notices.publish(*earlier, volumes=[("2029-12-03", 100.0, 1, -9.0)])
    from vsf_assets.portal.notices.models import WatchLease

    WatchLease.objects.update(news_since=notices.now() + timedelta(days=10_000))  # after the real time of the run
    assert notices.scan() == ([], [])
    WatchLease.objects.update(news_since=START.replace(tzinfo=notices.now().tzinfo))
    assert notices.scan(12) == ([], [])
    assert NoticeEvent.objects.count() == 0
    notices.publish(*earlier, BROKEN, volumes=[("2029-12-03", 100.0, 1, -9.0)])
    assert [len(keys) for keys in notices.scan(13)] == [1, 0]


def test_the_first_start_marks_where_news_begin_and_no_later_one_moves_it(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.lease import begin_news
    from vsf_assets.portal.notices.models import WatchLease

    begin_news()
    assert WatchLease.objects.get(id=1).news_since == START.replace(tzinfo=notices.now().tzinfo)


def test_an_unreadable_delivery_is_over_when_a_mended_one_is_loaded(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent
    from vsf_assets.portal.notices.wording import resolution

    notices.publish(BROKEN)
    (key,), _ = notices.scan()
    notices.publish(BROKEN, File("clicks", "1", "a.csv", 5, 10, 0))
    assert notices.scan(6) == ([], [key])
    event = NoticeEvent.objects.get()
    assert (event.resolved_at, resolution(event)) == (notices.now(), "A mended file was loaded.")
    assert notices.scan(7) == ([], [])


def test_an_event_that_ended_while_no_portal_ran_is_one_notice_that_says_so(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent

    notices.publish(BROKEN, File("clicks", "1", "a.csv", 5, 10, 0))
    new, over = notices.scan(6)
    assert (len(new), over) == (1, [])
    assert NoticeEvent.objects.get().resolved_at is not None


def events_of(*days: int) -> list[File]:
    """Return the files of days of January 2030, each published on the next day at noon."""
    return [File("events", f"2030-01-{day:02}", f"{day}.gz", day * NIGHT + 720, 5, 0) for day in days]


def test_a_missing_day_is_one_event_that_ends_with_its_delivery(notices: NoticeWorld) -> None:
    notices.publish(*events_of(1, 2, 4, 5))
    assert notices.scan(6 * NIGHT) == (["missing:events:2030-01-03"], [])
    notices.publish(*events_of(1, 2, 3, 4, 5))
    assert notices.scan(6 * NIGHT + 1) == ([], ["missing:events:2030-01-03"])


def test_a_feed_that_stops_is_one_event_and_a_day_within_it_makes_no_second(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent

    notices.publish(*events_of(1, 2))
    assert notices.scan(4 * NIGHT + 60) == (["missing:events:2030-01-03"], [])
    for night in (5, 6, 7):
        assert notices.scan(night * NIGHT + 60) == ([], [])
    event = NoticeEvent.objects.get()
    assert (str(event.first_day), str(event.last_day)) == ("2030-01-03", "2030-01-06")
    notices.publish(*events_of(1, 2, 4))
    assert notices.scan(7 * NIGHT + 90) == ([], [])
    notices.publish(*events_of(1, 2, 3, 4, 5, 6))
    assert notices.scan(7 * NIGHT + 120) == ([], ["missing:events:2030-01-03"])
    assert notices.scan(9 * NIGHT + 60) == (["missing:events:2030-01-07"], [])


def test_days_that_wait_for_a_build_are_not_missing(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent

    NoticeEvent.objects.create(key="build:x", kind="build", happened_at=notices.now(), found_at=notices.now())
    notices.publish(*events_of(1, 2))
    assert notices.scan(5 * NIGHT) == ([], [])


def test_a_volume_is_over_when_it_is_no_more_out_of_band(notices: NoticeWorld) -> None:
    file = File("events", "2030-01-01", "1.gz", 5, 5, 0)
    notices.publish(file, volumes=[("2030-01-01", 100.0, 10, -5.0)])
    assert notices.scan(6) == (["volume:events:2030-01-01"], [])
    notices.publish(file, volumes=[("2030-01-01", 100.0, 20, -4.0)])
    assert notices.scan(7) == ([], [])
    notices.publish(file)
    assert notices.scan(8) == ([], ["volume:events:2030-01-01"])


@pytest.fixture
def at_real_time(notices: NoticeWorld) -> NoticeWorld:
    """Let news begin an hour ago, since runs are recorded at the time of the clock on the wall."""
    from django.utils import timezone

    from vsf_assets.portal.notices.models import WatchLease

    WatchLease.objects.update(news_since=timezone.now() - timedelta(hours=1))
    notices.now = timezone.now  # type: ignore[method-assign]
    notices.new_watcher = lambda: type(notices.watcher)()
    notices.watcher = notices.new_watcher()
    return notices


def test_a_row_of_failing_builds_is_one_event_until_a_snapshot_is_published(at_real_time: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent
    from vsf_assets.portal.notices.wording import resolution, title

    world = at_real_time
    world.run("r1", "keys_are_unique")
    assert world.scan() == (["build:r1"], [])
    world.run("r2", "keys_are_unique", "other_check")
    world.restart()
    assert world.scan() == ([], [])
    event = NoticeEvent.objects.get()
    assert title(event) == "The data was not published: keys_are_unique, other_check"
    assert "555777" not in repr(vars(event))
    world.run("r3", snapshot=12)
    assert world.scan() == ([], ["build:r1"])
    assert resolution(NoticeEvent.objects.get()) == "Published in snapshot 12."
    world.run("r4", "keys_are_unique")
    assert world.scan() == (["build:r4"], [])


def test_automation_counts_as_silent_only_if_it_stays_so(notices: NoticeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.notices import watcher
    from vsf_assets_tests.portal.test_notice_findings import home

    (notices.settings.home / "service").mkdir()
    seen = {"signs": [0, 0, 0]}
    monkeypatch.setattr(watcher, "gather", lambda *_, **__: home(seen["signs"], int(notices.minute)))
    assert notices.scan(5) == ([], [])  # as after a night in which the machine slept
    seen["signs"] = [6, 6, 6]
    assert notices.scan(7) == ([], [])
    assert notices.scan(9) == ([], [])
    assert notices.scan(10) == (["silent:2030-01-01T00:06:00+00:00"], [])
    assert notices.scan(20) == ([], [])
    seen["signs"] = [21, 21, 6]
    assert notices.scan(22) == ([], [])
    seen["signs"] = [21, 22, 22]
    assert notices.scan(23) == ([], ["silent:2030-01-01T00:06:00+00:00"])


def test_teams_have_on_their_pages_what_they_may_know(notices: NoticeWorld) -> None:
    from vsf_assets.portal.accounts.models import Team

    notices.portal.account("ann", "reader")
    notices.portal.grant("sellers", "clicks")
    notices.portal.grant("others", "impressions")
    Team.objects.create(name="nobody")
    notices.publish(BROKEN)
    notices.scan(3)
    words = ["A delivery of clicks in quarter 1 is unreadable"]
    assert {team: titles(team) for team in ("platform", "sellers", "others", "nobody", "~ann")} == {
        "platform": words,
        "sellers": words,
        "others": [],
        "nobody": [],
        "~ann": [],
    }


def test_the_team_that_delivered_a_file_knows_of_it_whatever_it_may_read(notices: NoticeWorld) -> None:
    from django.utils import timezone

    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.notices.models import NoticeEvent
    from vsf_assets.portal.notices.record_events import DELIVERIES

    if not hasattr(Team, DELIVERIES):
        pytest.skip("this portal has no deliveries of its own")
    makers, _ = (Team.objects.create(name=name) for name in ("makers", "others"))
    sam = notices.portal.client(notices.portal.account("sam", "steward", team="makers"))
    eve = notices.portal.client(notices.portal.account("eve", "steward", team="others"))
    sha256, landed_at = str(BROKEN.values()[3]), START.replace(tzinfo=UTC) + timedelta(minutes=2)
    values = {"feed": "clicks", "file_name": "a.csv", "path": "clicks/1/a.csv", "size": 1, "sha256": sha256}
    made = makers.deliveries.create(
        **values, state="landed", landed_at=landed_at + timedelta(seconds=2), expires_at=timezone.now()
    )
    notices.publish(BROKEN, File("clicks", "1", "b.csv", 2, status="unreadable"))
    assert len(notices.scan(3)[0]) == 2
    assert (titles("makers"), titles("others")) == (["A delivery of clicks in quarter 1 is unreadable"], [])
    (item,) = sam.get("/api/v1/notices").json()["items"]
    assert NoticeEvent.objects.get(pk=item["id"]).delivery == made.id
    assert sam.get(f"/notices/{item['id']}/").status_code == 200
    assert eve.get(f"/notices/{item['id']}/").status_code == 404
    makers.delete()
    assert NoticeEvent.objects.filter(team=None).count() == 2


def test_of_several_watchers_one_scans_and_another_goes_on_when_its_lease_ends(notices: NoticeWorld) -> None:
    from django.utils import timezone

    from vsf_assets.portal.notices.lease import release
    from vsf_assets.portal.notices.models import WatchLease

    second = notices.new_watcher()
    notices.run("r0", snapshot=1)  # the home has a record of runs
    notices.publish(BROKEN)
    assert len(notices.scan(3)[0]) == 1
    assert second.scan() is None
    release(second.holder)  # which has nothing to give back
    assert second.scan() is None
    WatchLease.objects.update(until=timezone.now() - timedelta(seconds=1))  # the first was killed
    changes = second.scan()
    assert changes is not None
    assert changes.new == []
    assert notices.watcher.scan() is None
    release(second.holder)
    assert notices.watcher.scan() is not None


def test_a_host_without_the_record_of_runs_leaves_it_to_one_that_has_it(notices: NoticeWorld) -> None:
    from dataclasses import replace
    from pathlib import Path

    from django.test import override_settings
    from django.utils import timezone

    from vsf_assets.portal.notices.models import WatchLease

    WatchLease.objects.update(news_since=timezone.now() - timedelta(hours=1))
    notices.run("r1", "keys_are_unique")
    notices.publish()
    notices.now = timezone.now  # type: ignore[method-assign]
    without, having = type(notices.watcher)(), type(notices.watcher)()
    elsewhere = Path(notices.settings.snapshots).parent / "elsewhere"
    with override_settings(VSF=replace(notices.settings, home=elsewhere)):
        changes = without.scan()
    assert changes is not None
    assert changes.new == []
    changes = having.scan()
    assert changes is not None
    assert [event.key for event in changes.new] == ["build:r1"]
    assert {lease.id: lease.holder for lease in WatchLease.objects.all()} == {1: without.holder, 2: having.holder}


def test_a_watcher_that_lost_its_lease_during_a_pass_records_nothing(
    notices: NoticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.notices import watcher
    from vsf_assets.portal.notices.models import NoticeEvent, WatchLease
    from vsf_assets.portal.shared.random_ids import new_id

    find = watcher.snapshot_findings

    def slow(*arguments: object, **named: object) -> object:
        WatchLease.objects.update(holder=new_id())
        return find(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(watcher, "snapshot_findings", slow)
    notices.publish(BROKEN)
    assert notices.scan(3) == ([], [])
    assert NoticeEvent.objects.count() == 0


def test_watchers_that_scan_at_the_same_time_find_each_event_once(notices: NoticeWorld) -> None:
    from django.db import connections

    from vsf_assets.portal.notices.models import NoticeEvent, OutboxMessage, TeamNotice, TeamWebhook

    team = notices.choose("platform", "unreadable-webhook")
    TeamWebhook.objects.create(team=team, url="https://example.org/", nonce="00")
    notices.publish(*(File("clicks", "1", f"{n}.csv", 2, status="unreadable") for n in range(20)))
    notices.minute = 3
    begin, found = threading.Barrier(4), []

    def scan() -> None:
        watcher = notices.new_watcher()
        begin.wait()
        changes = watcher.scan()
        found.append(0 if changes is None else len(changes.new))
        connections.close_all()

    threads = [threading.Thread(target=scan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 0, 0, 20]
    assert (NoticeEvent.objects.count(), TeamNotice.objects.count()) == (20, 20)
    assert OutboxMessage.objects.count() == 1  # twenty bad deliveries are one message


def test_what_is_too_old_is_removed_and_not_found_again(notices: NoticeWorld) -> None:
    from vsf_assets.portal.notices.models import NoticeEvent

    mended = File("clicks", "1", "a.csv", 5, 10, 0)
    notices.publish(BROKEN, mended)
    notices.scan(6)
    assert NoticeEvent.objects.count() == 1
    notices.publish(BROKEN, mended, File("clicks", "1", "b.csv", 7, 10, 0))
    assert notices.scan(401 * NIGHT) == ([], [])
    assert NoticeEvent.objects.count() == 0
    notices.publish(BROKEN, mended)
    assert notices.scan(402 * NIGHT) == ([], [])
    assert NoticeEvent.objects.count() == 0


def test_a_damaged_record_and_a_snapshot_of_an_earlier_version_stop_nothing(notices: NoticeWorld) -> None:
    import duckdb

    (notices.settings.home / "runs.sqlite").write_bytes(b"no database" * 100)
    with duckdb.connect(f"{notices.settings.snapshots}/vsf-1.duckdb") as connection:
        connection.execute("create schema reports; create table reports.files as select 1 as feed")
    from pathlib import Path

    (Path(notices.settings.snapshots) / "current.duckdb").symlink_to("vsf-1.duckdb")
    assert notices.scan(3) == ([], [])
    notices.number = 1
    notices.publish(BROKEN)
    assert len(notices.scan(4)[0]) == 1
