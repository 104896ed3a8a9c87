"""Receipts: where a file is and why it waits, the balance of lines, and how mends are matched.

Here: the parts of a receipt by themselves. Not here: the whole way of a delivery (test_repair.py), and rights of
addresses (matrix.py).
"""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.pipeline.home_status import HomeStatus
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.common.reason_column import RowKey
from vsf_assets.readers.dispatch import portions
from vsf_assets.reports.bad_rows import name_of_mend, names_of_mends, number_of_mend
from vsf_assets.runs.run_record import CANCELED, FAILED, RUNNING, SUCCEEDED, CheckFailure, RunRecord
from vsf_assets.runs.service_state import ServiceState
from vsf_assets.storage.archive_names import NOT_KEPT_SUFFIX, archive_path
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.warehouses import Home

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SHA = "ab" * 32


def service(**changes: Any) -> ServiceState:
    values = {"pid": 1, "since": AT.isoformat(), "url": "", "parts": {}, **changes}
    return ServiceState(**values)


def home_at(minutes: float = 1, runs: tuple[RunRecord, ...] = (), **changes: Any) -> HomeStatus:
    """Return the state of a home some minutes after the landing."""
    values = {
        "at": AT + timedelta(minutes=minutes),
        "service": None,
        "is_running": False,
        "last_tick": None,
        "heartbeats": {},
        "running": [run for run in runs if run.outcome == RUNNING],
        "last_build": next((run for run in runs if "build" in run.kind and run.outcome != RUNNING), None),
        "runs": list(runs),
        "snapshot": None,
        "disk_free": 1,
        "disk_size": 1,
        **changes,
    }
    return HomeStatus(**values)


def run(kind: str, minute: float, outcome: str = SUCCEEDED, **changes: Any) -> RunRecord:
    began = AT + timedelta(minutes=minute)
    return RunRecord("r", kind, ["campaigns"], began, began, outcome, **changes)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    from vsf_assets.portal.receipts.file_state import forget_places

    forget_places()
    made = Home(tmp_path / "home")
    made.landing.mkdir(parents=True)
    made.archive.mkdir(parents=True)
    yield made
    forget_places()


def state(home: Home, status: HomeStatus, position: int | None = None, sees_errors: bool = False) -> Any:
    from vsf_assets.portal.receipts.file_state import LandedName, file_state

    file = LandedName("clicks", "1", "clicks/1/clicks_1.csv", SHA, AT)
    return file_state(home.settings, file, None, status, sees_errors, position)


def land(home: Home) -> None:
    home.land("clicks/1/clicks_1.csv", b"x")


def archive(home: Home, suffix: str = "", seconds: float = 0) -> None:
    at = AT + timedelta(seconds=seconds)
    target = home.archive / (archive_path("clicks", "1", at, SHA, "clicks_1.csv") + suffix)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x")


def test_a_landed_file_waits_for_somebody_who_loads_it(portal: Portal, home: Home) -> None:
    land(home)
    found = state(home, home_at())
    assert (found.name, found.since) == ("landed", AT)
    assert found.reason == "the service does not run: start vsf serve, or run vsf run"
    alive = {"service": service(), "is_running": True, "last_tick": AT + timedelta(minutes=1)}
    assert state(home, home_at(**alive)).reason == "the service loads it when it next looks"
    assert state(home, home_at(**alive), 3).reason.endswith("; 2 files of its family are before it")
    loading = run("ingest", 0.5, RUNNING)
    assert state(home, home_at(runs=(loading,), **alive)).reason.startswith("a run loads files of campaigns since")


def test_stopped_automation_says_what_to_press(portal: Portal, home: Home) -> None:
    land(home)
    stopped = {"service": service(), "is_running": True, "last_tick": AT + timedelta(minutes=1)}
    found = state(home, home_at(10, **stopped))
    assert "its automation has looked for no files since 2026-01-05T12:01:00Z" in found.reason
    assert "start them in Dagster under Automation" in found.advice
    assert state(home, home_at(2, **stopped)).advice == ""
    canceled = state(home, home_at(runs=(run("ingest", 0.5, CANCELED),), **stopped))
    assert canceled.reason == "the last run was canceled; run vsf run"


def test_the_archive_tells_that_a_file_was_taken(portal: Portal, home: Home) -> None:
    archive(home)
    assert state(home, home_at()).name == "taken"
    building = run("ingest+build", 0.5, RUNNING)
    assert state(home, home_at(runs=(building,))).reason == "building since 2026-01-05T12:00:30Z"


def test_a_file_that_is_not_kept_was_taken_too(portal: Portal, home: Home) -> None:
    archive(home, NOT_KEPT_SUFFIX)
    assert state(home, home_at()).name == "taken"


@pytest.mark.parametrize(("seconds", "name"), [(-1, "taken"), (30, "taken"), (-60, "gone")])
def test_the_archive_may_have_another_clock_but_an_earlier_file_is_another(
    portal: Portal, home: Home, seconds: float, name: str
) -> None:
    archive(home, seconds=seconds)
    assert state(home, home_at()).name == name


def test_with_keep_the_record_of_runs_tells_that_a_file_was_taken(portal: Portal, tmp_path: Path) -> None:
    kept = Home(tmp_path / "home", AFTER_LOAD="keep")
    kept.archive.mkdir(parents=True)
    land(kept)
    earlier, without = run("ingest", -5, files_loaded=3), run("ingest", 0.5)
    assert state(kept, home_at(runs=(without, earlier))).name == "landed"
    loaded = state(kept, home_at(runs=(run("ingest", 0.5, files_loaded=1), earlier)))
    assert (loaded.name, loaded.since) == ("taken", AT + timedelta(minutes=0.5))


def test_a_file_that_is_nowhere_was_removed(portal: Portal, home: Home) -> None:
    found = state(home, home_at())
    assert (found.name, found.is_final) == ("gone", True)
    assert found.advice == "Somebody removed it before it was loaded. Send it again."


def test_a_failed_build_names_its_checks_and_quotes_messages_only_for_those_who_may_see_them(
    portal: Portal, home: Home
) -> None:
    archive(home)
    check = CheckFailure("keys_are_unique", "the first: mtn 5550000001", "keys are unique", 2)
    broken = home_at(runs=(run("build", 0.5, FAILED, failed_checks=[check], error="blocking check"),))
    assert state(home, broken).reason == "not published: keys_are_unique (keys_are_unique: keys are unique)"
    assert "5550000001" in state(home, broken, sees_errors=True).reason
    without = home_at(runs=(run("build", 0.5, FAILED, error="mtn 5550000001"),))
    assert state(home, without).reason == ("not published (the last build failed; people who run the platform see why)")


def test_places_that_cannot_be_read_are_unknown(portal: Portal, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.receipts import file_state

    def fail(address: str) -> Any:
        raise OSError(f"{address} is away")

    monkeypatch.setattr(file_state, "open_store", fail)
    found = state(home, home_at())
    assert (found.name, found.is_final) == ("unknown", False)
    assert "away" not in found.reason
    file_state.forget_places()
    assert "away" in state(home, home_at(), sees_errors=True).reason


SAMPLES = {
    "events": ("events", "2019-*"),
    "lines": ("events", "*linedim*"),
    "accounts": ("events", "*accountdim*"),
    "limits": ("events", "*limitfact*"),
    "impressions": ("campaigns*", "**/impressions*"),
    "clicks": ("campaigns*", "**/clicks*"),
    "conversions": ("campaigns*", "**/conversions*"),
    "catalog": ("catalog", "*.data"),
    "datasets": ("datasets", "**/*.csv"),
}


@pytest.mark.parametrize("feed", SAMPLES)
def test_lines_of_every_sample_add_up(samples: Path, feed: str) -> None:
    folder, pattern = SAMPLES[feed]
    files = sorted(path for place in samples.glob(folder) for path in place.glob(pattern) if path.is_file())
    files = [path for path in files if path.name != "files_list.data"]
    if feed == "events":
        files = [path for path in files if path.name.endswith(".txt.gz")]
    assert files
    for path in files:
        with path.open("rb") as raw:
            found = list(portions(FileStream(raw, path.name), all_feeds()[feed], file_name=path.name))
        read = sum(portion.records for portion in found)
        parts = sum(p.loaded + p.quarantined + p.blank + p.skipped for p in found)
        assert read == parts > 0, path


def test_names_of_mends_are_recognized_like_the_first_name() -> None:
    feeds, day = all_feeds(), date(2026, 1, 5)
    wanted = {
        ("clicks", "clicks_1.csv"): "clicks_1_mend2.csv",
        ("clicks", "clicks_1_mend1.csv"): "clicks_1_mend2.csv",
        ("events", "2019-05-20_a.txt.gz"): "2019-05-20_a_mend2.txt",
        ("lines", "2019-06-01_linedim.csv"): "2019-06-01_linedim_mend2.csv",
        ("lines", "lines.csv.gz"): "2026-01-05_lines_mend2.csv",
        ("catalog", "x"): "x_mend2",
    }
    for (feed, name), mend in wanted.items():
        assert name_of_mend(feeds[feed], name, day, 2) == mend
        assert number_of_mend(mend) == 2
        import re

        assert re.fullmatch(names_of_mends(feeds[feed], name, day), mend)
        if feed != "catalog":
            assert feeds[feed].claims_name(mend)


def entry(sha: str, number: int, **changes: Any) -> Any:
    from vsf_assets.portal.receipts.ledger_entry import LedgerEntry

    values = {
        "file_id": number,
        "feed": "clicks",
        "partition_key": "1",
        "file_name": f"{number}.csv",
        "sha256": sha * 64,
        "status": "loaded",
        "bytes": 1,
        "lines_read": 10,
        "rows_loaded": 7,
        "rows_quarantined": 3,
        "rows_blank": 0,
        "rows_skipped": 0,
        "landed_at": AT,
        "loaded_at": AT,
        "archive_path": None,
        "first_snapshot": 1,
        "published_at": AT + timedelta(seconds=4),
        **changes,
    }
    return LedgerEntry(**values)


def mend(number: int, loaded: int, bad: dict[int, Any] | int, keys: Any, mends: int = 1) -> Any:
    """Return a mend with some loaded rows and bad ones: their lines, or only their number."""
    from vsf_assets.portal.receipts.mends import Mend

    lines = frozenset(bad if isinstance(bad, dict) else range(2, 2 + bad))
    count = len(lines)
    changes = {"rows_loaded": loaded, "rows_quarantined": count, "lines_read": loaded + count}
    return Mend(entry("abcdef"[number], number, **changes), lines, keys, mends)


def keys(sha: str, *pairs: tuple[int, int | None]) -> list[tuple[int, RowKey | None]]:
    return [(line, None if row is None else RowKey(sha * 12, row)) for line, row in pairs]


def repaired(*mends: Any) -> tuple[int, tuple[int, ...], list[int], int]:
    """Return mended rows, open lines, rows per mend, and rows that came twice, of a file with bad lines 3, 5 and 9."""
    from vsf_assets.portal.receipts.mends import repair_of

    found = repair_of(entry("a", 1), [3, 5, 9], mends)
    assert found.mended + found.open == found.bad == 3
    return found.mended, found.open_lines, [rows for _, rows in found.by], found.twice


def test_rows_are_matched_by_the_keys_in_their_reasons(portal: Portal) -> None:
    assert repaired() == (0, (3, 5, 9), [], 0)
    assert repaired(mend(2, 2, {}, keys("a", (2, 9), (3, 3)))) == (2, (5,), [2], 0)
    assert repaired(mend(2, 1, {3: 0}, keys("a", (2, 9), (3, 3)))) == (1, (3, 5), [1], 0)
    assert repaired(mend(2, 3, {}, keys("a", (2, 4), (3, None), (4, 3)))) == (1, (5, 9), [1], 0)


def test_a_chain_of_mends_leads_to_the_first_file(portal: Portal) -> None:
    first = mend(2, 1, {3: 0, 4: 0}, keys("a", (2, 3), (3, 5), (4, 9)))
    second = mend(3, 1, {3: 0}, keys("c", (2, 3), (3, 4)), mends=2)
    third = mend(4, 1, {}, keys("d", (2, 3)), mends=3)
    assert repaired(first) == (1, (5, 9), [1], 0)
    assert repaired(first, second) == (2, (9,), [1, 1], 0)
    assert repaired(first, second, third) == (3, (), [1, 1, 1], 0)


def test_a_row_counts_once_however_often_it_comes(portal: Portal) -> None:
    again = (mend(2, 2, {}, keys("a", (2, 3), (3, 5))), mend(3, 2, {}, keys("a", (2, 5), (3, 9))))
    assert repaired(*again) == (3, (), [2, 1], 1)


def test_without_keys_rows_are_matched_by_their_order_or_counted(portal: Portal) -> None:
    assert repaired(mend(2, 3, {}, None)) == (3, (), [3], 0)
    assert repaired(mend(2, 2, {}, None)) == (2, (), [2], 0)
    assert repaired(mend(2, 1, 2, None)) == (1, (), [1], 0)
    assert repaired(mend(2, 8, 2, None)) == (1, (), [1], 0)  # the whole file again, of which two rows are bad still
    assert repaired(mend(2, 2, {}, keys("a", (2, 3), (3, 5))), mend(3, 2, {}, None)) == (3, (), [2, 1], 0)


def test_the_bad_rows_of_a_file_over_the_limit_are_read_again(samples: Path) -> None:
    from vsf_assets.reports.bad_rows import Original, find_bad_rows

    content = b"click_id,banner_id,campaign_id\n" + b"".join(b"%d,x,7\n" % n for n in range(1000))
    original = Original(all_feeds()["clicks"], "clicks_1.csv", SHA, "utf-8", lambda: io.BytesIO(content))
    assert [line for line, _ in find_bad_rows(original)] == list(range(2, 1002))


def test_bad_rows_are_not_read_beyond_limits_of_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.reports import bad_rows

    content = b"click_id,banner_id,campaign_id\n" + b"".join(b"%d,x,7\n" % n for n in range(100))
    original = bad_rows.Original(all_feeds()["clicks"], "clicks_1.csv", SHA, "utf-8", lambda: io.BytesIO(content))
    late = replace(original, until=time.monotonic())
    with pytest.raises(bad_rows.TooManyBadRowsError):
        bad_rows.find_bad_rows(late)
    with pytest.raises(bad_rows.TooManyBadRowsError):
        bad_rows.write_bad_rows(late, [(2, "x")], io.BytesIO())
    monkeypatch.setattr(bad_rows, "MOST_BAD_ROWS", 100)
    assert len(bad_rows.find_bad_rows(original)) == 100
    monkeypatch.setattr(bad_rows, "MOST_BAD_ROWS", 99)
    with pytest.raises(bad_rows.TooManyBadRowsError, match="mend the whole file"):
        bad_rows.find_bad_rows(original)


def test_keys_of_mends_are_read_one_file_at_a_time_while_nobody_waits(portal: Portal) -> None:
    from vsf_assets.portal.receipts.mends import NotYetReadError, kept_keys
    from vsf_assets.reports.bad_rows import Original

    content = b'click_id,banner_id,campaign_id,vsf_reason\n1,2,3,"line 3 [%s:3]"\n' % (b"a" * 12)
    may_read, opened = threading.Event(), list[str]()

    def original_of(name: str) -> Any:
        def opens() -> io.BytesIO:
            opened.append(name)
            assert may_read.wait(60)
            return io.BytesIO(content)

        return lambda: Original(all_feeds()["clicks"], name, SHA, "utf-8", opens)

    def keys_of(name: str, seconds: float = 0.0) -> Any:
        found = entry("e", 1, file_name=name)
        return kept_keys(found, original_of(name), time.monotonic() + seconds)

    for name in ("slow.csv", "next.csv", "slow.csv"):
        with pytest.raises(NotYetReadError):
            keys_of(name)
    assert set(opened) <= {"slow.csv"}
    may_read.set()
    assert keys_of("next.csv", 60) == keys_of("slow.csv", 60) == keys("a", (2, 3))
    assert opened == ["slow.csv", "next.csv"]


def test_an_archive_that_is_away_keeps_no_answer(portal: Portal) -> None:
    from vsf_assets.portal.receipts.mends import kept_keys
    from vsf_assets.reports.bad_rows import Original

    content = b'click_id,banner_id,campaign_id,vsf_reason\n1,2,3,"line 3 [%s:3]"\n' % (b"a" * 12)

    def away() -> Any:
        raise PermissionError("the archive")

    for opens, expected in ((away, None), (lambda: io.BytesIO(content), keys("a", (2, 3)))):
        original = Original(all_feeds()["clicks"], "away.csv", SHA, "utf-8", opens)
        with nullcontext() if expected else pytest.raises(PermissionError):
            found = kept_keys(entry("f", 1, file_name="away.csv"), lambda: original, time.monotonic() + 60)  # noqa: B023
            assert found == expected


def test_an_original_that_was_not_kept_is_named_as_the_reason(tmp_path: Path) -> None:
    from vsf_assets.reports.bad_rows import NoBadRowsFileError, Original, write_bad_rows

    def gone() -> Any:
        raise FileNotFoundError

    original = Original(all_feeds()["clicks"], "clicks_1.csv", SHA, "utf-8", gone)
    with pytest.raises(NoBadRowsFileError, match="was not kept"):
        write_bad_rows(original, [(2, "x")], io.BytesIO())
    whole = replace(original, feed=all_feeds()["fake_schemas"])
    with pytest.raises(NoBadRowsFileError, match="send the whole file again"):
        write_bad_rows(whole, [(2, "x")], io.BytesIO())


def test_settings_of_a_source_name_the_encoding_of_its_objects(prepared_portal: tuple[Settings, Path]) -> None:
    from vsf_assets.portal.receipts.originals import original_of

    settings = replace(prepared_portal[0], encodings={"default": "latin-1"})
    assert original_of(settings, entry("a", 1, feed="catalog", partition_key="default")).encoding == "latin-1"
    assert original_of(settings, entry("a", 1)).encoding == "utf-8"
