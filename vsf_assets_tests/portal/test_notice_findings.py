"""The rules of notices: which deliveries are worse than usual, which days are missing, which builds did not publish.

Here: rows of a small snapshot and of the record of runs against verdicts that were counted by hand. Not here: whether
a finding is news (test_notice_events.py).
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.pipeline.home_status import HomeStatus
from vsf_assets.portal.notices.kinds import MISSING, UNREADABLE, VOLUME, WORSE
from vsf_assets.portal.notices.run_findings import build_findings, silence
from vsf_assets.portal.notices.snapshot_findings import Finding, gaps, snapshot_findings
from vsf_assets.runs.run_record import CANCELED, DIED, FAILED, SUCCEEDED, CheckFailure, RunRecord
from vsf_assets.runs.service_state import HEARTBEATS, ServiceState
from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool
from vsf_assets_tests.portal.notice_snapshots import START, File, Volume, publish_snapshot

NOW = (START + timedelta(days=10)).replace(tzinfo=UTC)
SINCE = START.replace(tzinfo=UTC) - timedelta(days=1)


def found_in(folder: Path, files: list[File], volumes: list[Volume] | None = None, late: bool = False) -> list[Finding]:
    snapshots = folder / "snapshots"
    publish_snapshot(snapshots, 1, files, volumes or [])
    settings = read_settings({"VSF_HOME": str(folder / "home"), "VSF_SNAPSHOTS": str(snapshots)})
    pool = SnapshotPool(settings, QueryLimits(10, 2 * 10**8, folder / "exports"))
    with pool.current() as snapshot:
        found = snapshot_findings(snapshot, SINCE, NOW, with_unknown=False, with_late=late).findings
    pool.close()
    return found


def clicks(*shares: tuple[int, int]) -> list[File]:
    return [File("clicks", "1", f"clicks_{n}.csv", n, rows, bad) for n, (rows, bad) in enumerate(shares)]


CLEAN = [(1000, 0)] * 5


@pytest.mark.parametrize(
    ("earlier", "rows", "bad", "is_worse"),
    [
        # Usual 0, spread max(0, 0.005, sqrt(0.001 * 0.999 / 1000) = 0.001): worse from 0.015 on.
        (CLEAN, 1000, 7, False),
        (CLEAN, 1000, 14, False),
        (CLEAN, 1000, 15, True),
        # Six rows: the noise of one row is sqrt(1/6 * 5/6 / 6) = 0.152, three times 0.456: 2 rows are 0.333, 3 are 0.5.
        (CLEAN, 6, 2, False),
        (CLEAN, 6, 3, True),
        (CLEAN, 2, 1, False),
        (CLEAN, 2, 2, True),  # nothing of it is left
        # Usual 0.30, deviation 0.02 (shares 0.26, 0.28, 0.30, 0.32, 0.34): 1.4826 * 0.02 = 0.0297, from 0.389 on.
        ([(1000, bad) for bad in (260, 280, 300, 320, 340)], 1000, 388, False),
        ([(1000, bad) for bad in (260, 280, 300, 320, 340)], 1000, 389, True),
        ([(10, 10), (10, 9), (10, 10)], 10, 10, False),  # as bad as usual
        # One earlier bad day is no usual: median 0.
        ([*CLEAN, (1000, 900)], 1000, 20, True),
        # The first delivery: from 5 % on.
        ([], 1000, 50, False),
        ([], 1000, 51, True),
        ([(0, 0), (0, 0)], 1000, 51, True),  # files without rows are no history
    ],
)
def test_a_delivery_is_worse_than_usual_by_the_written_rule(
    tmp_path: Path, earlier: list[tuple[int, int]], rows: int, bad: int, is_worse: bool
) -> None:
    found = [f for f in found_in(tmp_path, clicks(*earlier, (rows, bad))) if f.kind == WORSE]
    of_last = [f for f in found if f.details["rows_held_back"] == bad and f.details["rows_read"] == rows]
    at = (START + timedelta(minutes=len(earlier))).replace(tzinfo=UTC)
    assert [f.happened_at for f in of_last if f.happened_at == at] == ([at] if is_worse else [])


def test_only_the_newest_deliveries_of_the_same_feed_are_compared(tmp_path: Path) -> None:
    bad_times, good_times = [(1000, 300)] * 40, [(1000, 0)] * 30
    files = clicks(*bad_times, *good_times, (1000, 100))
    files += [File("impressions", "1", f"i{n}.csv", n, 1000, 0) for n in range(30)]
    found = [f for f in found_in(tmp_path, files) if f.kind == WORSE]
    # 0.3 is news for the first delivery alone; at the end the 30 before are clean.
    assert [(f.feed, f.details["rows_held_back"], f.details["usual_share"]) for f in found] == [
        ("clicks", 300, 0.05),
        ("clicks", 100, 0.0),
    ]


def test_unreadable_deliveries_are_found_and_those_that_were_mended_are_over(tmp_path: Path) -> None:
    files = [
        File("clicks", "1", "a.csv", 1, status="unreadable"),
        File("clicks", "1", "b.csv", 2, status="unreadable"),
        File("clicks", "1", "b.csv", 3, 10, 0),
        File("clicks", "2", "a.csv", 4, 10, 0),  # another partition
        File("clicks", "1", "old.csv", 0, status="unreadable", published=None),
        File("clicks", "1", "older.csv", 0, status="unreadable", published=-5 * 24 * 60),
        File("datasets", "people of MARK", "x.csv", 5, status="unreadable"),
        File("clicks", "3", "twice.csv", 6, status="duplicate_file"),
    ]
    found = found_in(tmp_path, files)
    assert {f.kind for f in found} == {UNREADABLE}
    assert sorted((f.feed, f.partition, f.is_over) for f in found) == [
        ("clicks", "1", False),
        ("clicks", "1", True),
        ("datasets", "", False),  # the name of a dataset is a text that somebody wrote
    ]
    assert len({f.key for f in found}) == 3
    assert "MARK" not in repr(found)


def test_a_worse_delivery_is_over_when_a_better_one_came_under_its_name(tmp_path: Path) -> None:
    files = clicks(*CLEAN)
    files += [File("clicks", "1", "x.csv", 10, 100, 40), File("clicks", "1", "x.csv", 11, 100, 39)]
    assert [f.is_over for f in found_in(tmp_path / "a", files) if f.kind == WORSE] == [False, False]
    files.append(File("clicks", "1", "x.csv", 12, 100, 0))
    assert [f.is_over for f in found_in(tmp_path / "b", files) if f.kind == WORSE] == [True, True]


def test_a_volume_happens_when_the_last_file_of_its_day_was_published(tmp_path: Path) -> None:
    files = [File("events", "2030-01-01", f"{n}.gz", n, 5, 0) for n in (1, 2)]
    (found,) = found_in(tmp_path, files, [("2030-01-01", 100.0, 10, -5.5)])
    assert (found.kind, found.key, found.partition) == (VOLUME, "volume:events:2030-01-01", "2030-01-01")
    assert found.happened_at == (START + timedelta(minutes=2)).replace(tzinfo=UTC)
    assert found.details == {"expected": 100.0, "observed": 10, "score": -5.5}


def day(number: int) -> date:
    return date(2030, 1, number)


def at(number: int, hour: int = 0) -> datetime:
    return datetime(2030, 1, number, hour, tzinfo=UTC)


def shown(days: dict[int, int], hours: int, now: datetime) -> list[tuple[int, int, int]]:
    """Return the first day, the last day, and the day since when it is known, of each gap; for days of a month."""
    given: dict[date, datetime | None] = {day(number): at(known) for number, known in days.items()}
    return [(gap.first.day, gap.last.day, gap.known_at.day) for gap in gaps(given, hours, now)]


def test_days_between_delivered_ones_are_missing_since_both_sides_are_known() -> None:
    assert shown({1: 2, 2: 3, 5: 6, 6: 7, 8: 9}, 0, at(9)) == [(3, 4, 6), (7, 7, 9)]
    assert shown({1: 9, 3: 4}, 0, at(9)) == [(2, 2, 9)]  # the earlier day came later
    assert shown({1: 2, 5: 6, 3: 8}, 0, at(9)) == [(2, 2, 6), (4, 4, 6)]  # a day within a known gap makes no news
    assert list(gaps({}, 30, at(9))) == list(gaps({day(1): at(1)}, 0, at(9))) == []
    assert list(gaps({date(2029, 11, 1): at(1), day(9): at(9)}, 0, at(9))) == []  # a pause of the feed


def test_days_after_the_last_one_are_missing_when_they_are_late_in_the_calendar() -> None:
    # 30 hours: a day counts as late from the second day after it on.
    assert shown({1: 2, 2: 3}, 30, at(4, 23)) == []
    assert shown({1: 2, 2: 3}, 30, at(5)) == [(3, 3, 5)]
    assert shown({1: 2, 2: 3}, 30, at(7)) == [(3, 5, 5)]
    assert shown({1: 2}, 30, datetime(2030, 3, 1, tzinfo=UTC)) == []  # the feed has paused


def test_missing_days_are_found_in_a_snapshot(tmp_path: Path) -> None:
    files = [File("events", f"2030-01-0{n}", f"{n}.gz", n, 5, 0) for n in (1, 2, 4, 5)]
    found = found_in(tmp_path, files, late=True)
    assert {f.kind for f in found} == {MISSING}
    assert [(f.key, str(f.first_day), str(f.last_day)) for f in found] == [
        ("missing:events:2030-01-03", "2030-01-03", "2030-01-03"),
        ("missing:events:2030-01-06", "2030-01-06", "2030-01-09"),
    ]


def run(number: int, outcome: str, snapshot: int | None = None, kind: str = "build", checks: str = "") -> RunRecord:
    start = datetime(2030, 1, 1, number, tzinfo=UTC)
    failed = [CheckFailure(name, "quotes 5557770001") for name in checks.split()]
    end = None if outcome == DIED else start + timedelta(minutes=1)
    return RunRecord(f"r{number}", kind, [], start, end, outcome, failed_checks=failed, snapshot=snapshot)


def streaks(runs: list[RunRecord], open_key: str = "", since: datetime = SINCE) -> list[tuple[str, bool]]:
    return [(found.key, found.is_over) for found in build_findings(runs, open_key, since)]


def test_failing_builds_in_a_row_are_one_finding_until_a_snapshot_is_published() -> None:
    first = [run(1, SUCCEEDED, 1), run(2, FAILED, checks="a b"), run(3, CANCELED), run(4, DIED)]
    (found,) = build_findings(first, "", SINCE)
    assert (found.key, found.is_over, found.details) == ("build:r2", False, {"checks": [], "has_died": True})
    assert "555" not in repr(found)
    more = [*first, run(5, SUCCEEDED), run(6, SUCCEEDED, 2), run(7, FAILED), run(8, SUCCEEDED, 3, "rebuild")]
    assert streaks(more) == streaks(more[::-1]) == [("build:r2", True), ("build:r7", True)]
    assert [f.snapshot for f in build_findings(more, "", SINCE)] == [2, 3]
    assert streaks([run(1, FAILED, kind="ingest"), run(2, CANCELED), run(3, SUCCEEDED)]) == []


def test_a_row_of_failing_builds_goes_on_when_its_first_run_has_left_the_record() -> None:
    assert streaks([run(3, FAILED), run(4, FAILED)], "build:r1") == [("build:r1", False)]
    assert streaks([run(3, FAILED), run(4, SUCCEEDED, 9)], "build:r1") == [("build:r1", True)]
    assert streaks([run(1, FAILED), run(2, SUCCEEDED, 1), run(3, FAILED)], "build:r3") == [("build:r3", False)]
    assert streaks([], "build:r1") == [("build:r1", False)]
    assert streaks([run(1, FAILED), run(3, FAILED)], "", datetime(2030, 1, 1, 2, tzinfo=UTC)) == [("build:r3", False)]


def home(signs: list[int], now: int, runs: bool = True, began: int = 0) -> HomeStatus:
    """Return a home whose daemon gave signs at these minutes, seen at another one."""
    start = datetime(2030, 1, 1, tzinfo=UTC)
    service = ServiceState(1, (start + timedelta(minutes=began)).isoformat(), "http://x")
    heartbeats = {name: start + timedelta(minutes=m) for name, m in zip(HEARTBEATS, signs, strict=False)}
    seen = start + timedelta(minutes=now)
    return HomeStatus(seen, service, runs, None, heartbeats, [], None, [], None, 0, 0)


def test_automation_is_silent_after_two_minutes_and_works_again_with_a_sign_of_each_thread() -> None:
    since = datetime(2030, 1, 1, tzinfo=UTC)
    assert silence(home([10, 10, 10], 12), "", since) is None
    found = silence(home([10, 15, 15], 15), "", since)
    assert found is not None
    assert (found.key, found.details) == ("silent:2030-01-01T00:10:00+00:00", {"service_runs": True})
    assert silence(home([], 15), "", since) is None  # it never gave a sign
    assert silence(home([10, 10, 10], 15, runs=False), "", since + timedelta(hours=1)) is None  # ended long ago
    assert silence(home([10, 10, 10], 15, runs=False), "", since) is not None
    still, over = (silence(home(signs, 21, began=20), "silent:x", since) for signs in ([10, 10, 10], [20, 20, 20]))
    assert still is not None
    assert over is not None
    assert (still.is_over, over.is_over, over.key) == (False, True, "silent:x")
