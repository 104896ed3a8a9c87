"""Progress from time to time, by a clock of the test's own."""

import time

import pytest

from vsf_assets.common.throttle import Throttle, throttled


class Clock:
    """A clock that stands until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.mark.parametrize(("is_first_now", "passed"), [(False, [1002.0, 1005.0]), (True, [1000.0, 1002.0, 1005.0])])
def test_one_passes_in_some_seconds(clock: Clock, is_first_now: bool, passed: list[float]) -> None:
    throttle, found = Throttle(2.0, is_first_now), []
    for clock.now in (1000.0, 1001.9, 1002.0, 1002.1, 1003.9, 1005.0, 1006.9):
        if throttle.passes():
            found.append(clock.now)
    assert found == passed


def test_messages_between_are_dropped(clock: Clock) -> None:
    said: list[str] = []
    say = throttled(said.append, 1.0)
    for clock.now, message in ((1000.5, "a"), (1001.0, "b"), (1001.5, "c"), (1002.0, "d")):
        say(message)
    assert said == ["b", "d"]
