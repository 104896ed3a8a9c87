"""Which quarter of the hour is served, under both readings of the boundary minutes."""

from dataclasses import replace

import pytest

from vsf_assets.banners.quarters import quarter_at
from vsf_assets_tests.banners.driver import HOUR, PLAIN, Clock, app_of, ask, scores

OWN_BANNER = scores({7: {1: [101], 2: [102], 3: [103], 4: [104]}})
BY_MINUTE = {
    "next": {0: 1, 14: 1, 15: 2, 29: 2, 30: 3, 44: 3, 45: 4, 59: 4},
    "previous": {0: 1, 14: 1, 15: 1, 16: 2, 30: 2, 31: 3, 45: 3, 46: 4, 59: 4},
}


@pytest.mark.parametrize("boundary", ["next", "previous"])
def test_each_minute_serves_its_quarter(boundary: str) -> None:
    clock = Clock()
    app = app_of(OWN_BANNER, clock, replace(PLAIN, boundary=boundary))
    served = {}
    for minute in BY_MINUTE[boundary]:
        for second in (0.0, 59.999):
            clock.now = HOUR + 60 * minute + second
            answer = ask(app, "/campaigns/7").json
            assert answer["banner"]["banner_id"] == 100 + answer["quarter"]
            served.setdefault(minute, set()).add(answer["quarter"])
    assert served == {minute: {quarter} for minute, quarter in BY_MINUTE[boundary].items()}


@pytest.mark.parametrize("boundary", ["next", "previous"])
def test_quarters_follow_each_other_without_a_gap_over_a_day(boundary: str) -> None:
    now, numbers = HOUR, []
    while now < HOUR + 86_400:
        quarter = quarter_at(now, boundary)
        assert quarter.since == now
        assert quarter_at(quarter.until - 0.001, boundary) == quarter
        numbers.append(quarter.number)
        now = quarter.until
    assert numbers == [1, 2, 3, 4] * 24


def test_a_clock_that_jumps_back_or_forward_serves_the_quarter_it_shows() -> None:
    clock = Clock(40)
    app = app_of(OWN_BANNER, clock)
    for minute, quarter in ((40, 3), (5, 1), (-10, 4), (60 * 24 * 400 + 20, 2), (-60 * 24 * 400 + 20, 2), (40, 3)):
        clock.now = HOUR + 60 * minute
        assert ask(app, "/campaigns/7").json["quarter"] == quarter
