"""What each kind of partition takes, finds and refuses; and that a new kind is one class.

Not here: which feed a path is of (test_recognize.py).
"""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import dagster as dg
import pytest

from vsf_assets.defs import partitions
from vsf_assets.defs.partitions import FIRST_DAY, dynamic_partitions_name, first_day, note_first_day, partitions_of
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import (
    DATASETS,
    DAYS,
    QUARTERS,
    REQUESTS,
    SOURCES,
    UNPARTITIONED,
    Partitioning,
    PartitionProblem,
)
from vsf_assets.feeds.recognition import by_name, recognition_of
from vsf_assets.landing import selection as selections
from vsf_assets.landing.selection import Selection

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
KINDS = (UNPARTITIONED, QUARTERS, DAYS, SOURCES, DATASETS, REQUESTS)


class Months(Partitioning):
    """A kind that the platform does not have: the month that the name begins with."""

    noun = "month"
    example = "2026-01"
    rhythm = "monthly"
    name_decides = True

    def key_of(self, path: PurePosixPath, feed: str) -> str | None:
        return path.name[:7] if self.accepts(path.name[:7]) else None

    def accepts(self, key: str) -> bool:
        return len(key) == 7 and DAYS.accepts(f"{key}-01")

    def problem_of(self, key: str, landed_at: datetime, earliest: str) -> PartitionProblem | None:
        if earliest[:7] <= key <= landed_at.date().isoformat()[:7]:
            return None
        return PartitionProblem("partition_out_of_range", f"{key} is before {earliest[:7]} or after it landed")


INVOICES = Feed(
    name="invoices",
    family="invoices",
    description="Invoices of a month.",
    tables=("raw.invoices",),
    examples=("2026-01_invoices.csv",),
    not_ours=("proinvoices.csv",),
    names=(r"^\d{4}-\d{2}_invoices\.",),
    partitioning=Months(),
)


def test_a_monthly_kind_is_one_class_and_a_line_in_defs(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = by_name([*all_feeds().values(), INVOICES])
    found = recognition_of("upload/2026-01_invoices.csv", feeds)
    assert (found.feed, found.partition) == (INVOICES, "2026-01")
    assert recognition_of("invoices/corrected.csv", feeds).partition is None
    assert INVOICES.problem_of("corrected.csv", None, NOON, "2015-01-01") == PartitionProblem(
        "missing_partition",
        "neither the name nor a folder tells the month (like 2026-01); name it like 2026-01_invoices.csv",
    )
    assert INVOICES.problem_of("x", "2026-01", NOON, "2015-01-01") is None
    assert INVOICES.problem_of("x", "2026-02", NOON, "2015-01-01") == PartitionProblem(
        "partition_out_of_range", "2026-02 is before 2015-01 or after it landed"
    )
    assert Months().allowed == "a month: like 2026-01"

    monkeypatch.setattr(selections, "all_feeds", lambda: feeds)
    wanted = Selection(["invoices", "clicks"], first="2025-12", last="2026-01")
    months = ("2025-11", "2025-12", "2026-01", "2026-02", None)
    assert [wanted.selects("invoices", month) for month in months] == [False, True, True, False, False]
    assert not wanted.selects("clicks", "1")

    def monthly(_: Partitioning) -> dg.PartitionsDefinition:
        return dg.MonthlyPartitionsDefinition(start_date="2015-01-01")

    monkeypatch.setattr(partitions, "DEFINITIONS", {**partitions.DEFINITIONS, Months: monthly})
    shown = partitions_of(Months())
    assert isinstance(shown, dg.MonthlyPartitionsDefinition)


def test_every_kind_says_what_it_takes() -> None:
    assert [kind.allowed for kind in KINDS] == [
        "not used",
        "a quarter: 1, 2, 3, 4",
        "a day: like 2019-05-20",
        "a source: like default",
        "a dataset: like managed_investments",
        "a request: like people_1000",
    ]
    assert all(kind.accepts(key) for kind in KINDS if kind.has_keys for key in (kind.keys or (kind.example,)))
    assert not UNPARTITIONED.accepts("1")
    assert UNPARTITIONED.key_of(PurePosixPath("1/x.csv"), "lines") is None


NO_QUARTER = "neither the name nor a folder tells the quarter (1, 2, 3, 4); name it like clicks_1.csv"
NO_DAY = "neither the name nor a folder tells the day (like 2019-05-20); name it like 2019-05-20_name.txt"
NO_DATE = "the name begins with 2019-02-30, which is no day of the calendar; name it like 2019-05-20_name.txt"
NO_REQUEST = "neither the name nor a folder tells the request (like people_1000); name it like people_1000.request.yaml"
TOO_LATE = (
    "2026-01-07 is not between 2015-01-01, the first day expected, and 2026-01-06, the day after it landed (UTC);"
    " correct the date in the name and deliver it again"
)
TOO_EARLY = TOO_LATE.replace("2026-01-07 is", "2014-12-31 is")


@pytest.mark.parametrize(
    ("feed", "name", "partition", "problem"),
    [
        ("lines", "lines.csv", None, None),
        ("clicks", "clicks_1.csv", "1", None),
        ("clicks", "clicks.csv", None, ("missing_partition", NO_QUARTER)),
        ("events", "events.csv", None, ("missing_partition", NO_DAY)),
        ("events", "2019-02-30_a.txt", None, ("missing_partition", NO_DATE)),
        ("fake_requests", "_.request.yaml", None, ("missing_partition", NO_REQUEST)),
        ("events", "2026-01-06_a.txt", "2026-01-06", None),
        ("events", "2015-01-01_a.txt", "2015-01-01", None),
        ("events", "2026-01-07_a.txt", "2026-01-07", ("partition_out_of_range", TOO_LATE)),
        ("events", "2014-12-31_a.txt", "2014-12-31", ("partition_out_of_range", TOO_EARLY)),
    ],
)
def test_a_file_that_can_be_of_no_partition_has_a_reason(
    feed: str, name: str, partition: str | None, problem: tuple[str, str] | None
) -> None:
    found = all_feeds()[feed].problem_of(name, partition, NOON, "2015-01-01")
    assert found == (PartitionProblem(*problem) if problem else None)


def test_a_file_with_an_old_time_says_that_times_should_not_be_kept() -> None:
    problem = DAYS.problem_of("2019-05-20", datetime(1980, 1, 1, tzinfo=UTC), "2015-01-01")
    assert problem is not None
    assert problem.anomaly == "partition_out_of_range"
    assert problem.reason.startswith("the file's own time is 1980-01-01, which is before its day 2019-05-20")


def test_a_picture_of_daily_volumes_shows_eight_weeks() -> None:
    days = DAYS.recent("2026-03-01")
    assert (len(days), days[0], days[-1]) == (56, "2026-01-05", "2026-03-01")
    assert {kind.recent("1") for kind in KINDS if not kind.rhythm} == {()}


def test_dagster_shows_quarters_days_and_datasets() -> None:
    quarters, days, datasets = map(partitions_of, (QUARTERS, DAYS, DATASETS))
    assert isinstance(quarters, dg.StaticPartitionsDefinition)
    assert quarters.get_partition_keys() == ["1", "2", "3", "4"]
    assert isinstance(days, dg.DailyPartitionsDefinition)
    assert isinstance(datasets, dg.DynamicPartitionsDefinition)
    assert datasets.name == dynamic_partitions_name(DATASETS) == "datasets"
    assert [partitions_of(kind) for kind in (UNPARTITIONED, SOURCES, REQUESTS)] == [None, None, None]
    assert dynamic_partitions_name(DAYS) is None


def test_two_of_one_kind_are_equal_and_of_two_kinds_are_not() -> None:
    assert Months() == Months()
    assert hash(Months()) == hash(Months())
    assert len({*KINDS, Months()}) == 7


def test_the_ui_shows_days_from_the_earliest_one_that_was_loaded(tmp_path: Path) -> None:
    assert first_day(tmp_path) == FIRST_DAY
    assert note_first_day(tmp_path, []) is None
    assert note_first_day(tmp_path, ["2019-05-20", "2019-05-02"]) is None  # shown already
    assert first_day(tmp_path) == "2019-05-02"
    assert note_first_day(tmp_path, ["2019-05-02"]) is None
    assert note_first_day(tmp_path, ["2014-12-31"]) == "2014-12-31"
    assert first_day(tmp_path) == "2014-12-31"
    assert note_first_day(tmp_path, ["2019-05-20"]) is None  # the delivery was taken back
    assert first_day(tmp_path) == "2019-05-20"
    (tmp_path / "cache" / "first_day.json").write_text('{"day": "soon"}')
    assert first_day(tmp_path) == FIRST_DAY
