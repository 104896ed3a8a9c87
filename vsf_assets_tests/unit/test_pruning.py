"""Which snapshots may go: numbers and times, without files."""

from datetime import UTC, datetime, timedelta

import pytest

from vsf_assets.publish.snapshot_pruning import Pointed, removable

NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


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
    times = {number: ago(seconds) for number, seconds in made.items()}
    assert removable(times, 5, before, 1, NOW, NOW) == gone


def test_the_newest_and_the_young_stay() -> None:
    times = {number: ago(1000 - number) for number in range(1, 6)}
    assert removable(times, 5, Pointed(4, ago(900)), 3, NOW, NOW) == [2, 1]
    assert removable(times, 5, Pointed(4, ago(900)), 3, ago(998.5), NOW) == [1]
