"""Daily partitions in the engine: ranges of days, and days that cannot be."""

import os
from datetime import UTC, datetime

import pytest

from vsf_assets.ingest.session import Selection
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.warehouses import Home


def events(day: str, uuid: str) -> bytes:
    """Return a file with an event of a day."""
    return event_file(event(uuid, f"{day} 10:00:00.123", session_id="-1"))


def test_a_range_takes_its_days_and_leaves_other_feeds_alone() -> None:
    chosen = Selection(["events", "lines", "clicks"], first="2019-05-02", last="2019-05-03")
    days = ["2019-05-01", "2019-05-02", "2019-05-03", "2019-05-04", None]
    assert [chosen.selects("events", day) for day in days] == [False, True, True, False, False]
    assert not chosen.selects("lines", None)
    assert not chosen.selects("clicks", "2")
    assert Selection(["events"], first="2019-05-03").selects("events", "2020-01-01")


@pytest.mark.both_forms
def test_a_day_that_cannot_be_is_set_aside_and_others_load(home: Home) -> None:
    home.land("2026-01-06_a.txt.gz", events("2026-01-06", "tomorrow"))
    home.land("2026-01-07_a.txt.gz", events("2026-01-07", "later"))
    home.land("2014-12-31_a.txt.gz", events("2014-12-31", "before"))
    home.ingest(feeds=["events"])
    with home.warehouse.read("test") as connection:
        assert connection is not None
        assert connection.execute("select uuid, session_id, event_time from raw.events").fetchall() == [
            ("tomorrow", -1, datetime(2026, 1, 6, 10, 0, 0, 123000))  # noqa: DTZ001 - DuckDB's UTC times are naive
        ]
        found = connection.execute(
            "select partition_key, status, anomaly from raw.files join raw.findings using (file_id) order by 1"
        ).fetchall()
    assert found == [
        ("2014-12-31", "unreadable", "partition_out_of_range"),
        ("2026-01-07", "unreadable", "partition_out_of_range"),
    ]


@pytest.mark.both_forms
def test_a_date_that_no_calendar_has_is_named(home: Home) -> None:
    home.land("2019-02-31_a.txt.gz", events("2019-02-28", "u"))
    home.land("events/b.txt.gz", events("2019-02-28", "v"))
    home.ingest(feeds=["events"])
    assert sorted(home.findings("anomaly, reason")) == [
        (
            "missing_partition",
            "neither the name nor a folder tells the day (like 2019-05-20); name it like 2019-05-20_name.txt",
        ),
        (
            "missing_partition",
            "the name begins with 2019-02-31, which is no day of the calendar; name it like 2019-05-20_name.txt",
        ),
    ]


@pytest.mark.both_forms
def test_a_good_file_whose_own_time_is_long_ago_is_told_so(home: Home) -> None:
    path = home.land("2019-05-20_a.txt.gz", events("2019-05-20", "u"))
    at = datetime(1980, 1, 2, 3, 4, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    home.ingest(feeds=["events"])
    ((anomaly, reason),) = home.findings("anomaly, reason")
    assert anomaly == "partition_out_of_range"
    assert reason.startswith("the file's own time is 1980-01-02, which is before its day 2019-05-20")
    assert reason.endswith("Copy it without keeping times, or `vsf land` it")
