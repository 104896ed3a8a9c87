"""Times of a landing as the portal and the ledger have it.

Here: which of several is the same landing. Not here: pages that ask (test_deliveries.py, test_dictionary_changes.py).
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vsf_assets.portal.shared.landing_times import nearest

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC).replace(tzinfo=None)
"""As the ledger has it."""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0], 0),
        ([-5], -5),
        ([5.1], None),
        ([-3, 1, 2], 1),
        ([], None),
    ],
)
def test_the_nearest_time_within_some_seconds_is_the_same_landing(seconds: list[float], expected: float | None) -> None:
    rows = [(AT + timedelta(seconds=each), each) for each in seconds]
    found = nearest(rows, AT.replace(tzinfo=UTC), lambda row: row[0])
    assert (found and found[1]) == expected


def test_times_with_a_zone_are_compared_as_utc() -> None:
    there = timezone(timedelta(hours=2))
    assert nearest([AT.replace(tzinfo=UTC)], datetime(2026, 1, 5, 14, 0, 1, tzinfo=there), lambda row: row) is not None
    assert nearest([AT.replace(tzinfo=UTC)], datetime(2026, 1, 5, 12, 0, tzinfo=there), lambda row: row) is None
