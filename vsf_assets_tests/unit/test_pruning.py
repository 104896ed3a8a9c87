"""Which snapshots may go: numbers and times, without files."""

from datetime import UTC, datetime, timedelta

import pytest

from vsf_assets.publish.snapshot_pruning import Pointed, SnapshotLimits, Stored, removable

NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def aged(seconds: dict[int, float], size: int = 10) -> dict[int, Stored]:
    return {number: Stored(ago(age), size) for number, age in seconds.items()}


@pytest.mark.parametrize(
    ("before", "made", "gone"),
    [
        # Number 3 was made 300 s ago and took over from 2 after that, at an unknown moment before 4 was made.
        (Pointed(4, ago(200)), {1: 500, 2: 400, 3: 300, 4: 210, 5: 1}, [3, 2, 1]),
        # 4 took over from 3 only 59 s ago.
        (Pointed(4, ago(59)), {1: 500, 2: 400, 3: 300, 4: 70, 5: 1}, [2, 1]),
        # 3 took over from 2 after it was made 61 s ago, and before 4 was made 50 s ago: 2 may have been in use then.
        (Pointed(4, ago(40)), {1: 500, 2: 400, 3: 61, 4: 50, 5: 1}, [1]),
        # It is not known since when the pointer names 4: 3 and 2 may have been in use until 5 and 4 were made.
        (Pointed(4), {1: 500, 2: 400, 3: 300, 4: 50, 5: 1}, [1]),
    ],
    ids=["all long ago", "the last but one until just now", "the one before that perhaps", "an unknown time"],
)
def test_only_what_no_reader_can_be_about_to_open_goes(
    before: Pointed, made: dict[int, float], gone: list[int]
) -> None:
    assert removable(aged(made), 5, before, SnapshotLimits(1, 0, 10**12), NOW) == gone


LONG_AGO = Pointed(99, ago(3600))
MINUTE, HOUR = 60.0, 3600.0


def test_of_the_older_ones_the_last_of_each_hour_stays_for_a_day() -> None:
    # 60 snapshots, two in each of 30 clock hours: the even numbers at half past, the odd ones ten minutes before.
    made = {2 * n: (31 - n) * HOUR - 30 * MINUTE for n in range(1, 31)}
    made |= {2 * n - 1: (31 - n) * HOUR - 20 * MINUTE for n in range(1, 31)}
    kept = made.keys() - set(removable(aged(made), 60, LONG_AGO, SnapshotLimits(5, 24, 10**12), NOW))
    assert sorted(kept) == [*range(14, 56, 2), *range(56, 61)]


def test_hours_without_bound_keep_one_of_each_hour() -> None:
    made = {1: 9e7, 2: 9e7 - 1, 3: 100.0, 4: 90.0}
    assert removable(aged(made), 4, LONG_AGO, SnapshotLimits(1, float("inf"), 10**12), NOW) == [3, 1]


def test_above_the_size_the_oldest_go_also_those_that_are_among_the_newest() -> None:
    made = {number: 1000.0 - number for number in range(1, 7)}
    for size, gone in ((60, []), (59, [1]), (35, [3, 2, 1]), (20, [4, 3, 2, 1])):
        assert removable(aged(made), 6, LONG_AGO, SnapshotLimits(6, 24, size), NOW) == gone


def test_the_size_removes_neither_the_current_one_nor_the_one_before_nor_one_that_is_being_published() -> None:
    made = {1: 900.0, 2: 800.0, 3: 700.0, 4: 1.0}
    assert removable(aged(made), 3, Pointed(2, ago(750)), SnapshotLimits(1, 0, 1), NOW) == [1]
    # Read while another process publishes number 4: the pointer names 3 still.
    assert removable(aged(made), 3, Pointed(3, ago(650)), SnapshotLimits(1, 0, 1), NOW) == [2, 1]
    assert removable(aged(made), 3, Pointed(3, ago(50)), SnapshotLimits(1, 0, 1), NOW) == [1]


def test_without_a_pointer_nothing_goes() -> None:
    assert removable(aged({1: 900.0, 2: 800.0}), 0, Pointed(), SnapshotLimits(1, 0, 1), NOW) == []
