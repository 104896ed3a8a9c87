"""Trying again and doing many things at once: pauses, bounds, and threads that hold nobody up."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.catalog.model.errors import SourceError, TransientError
from vsf_assets.catalog.model.retry import LONGEST_PAUSE, LONGEST_RETRY_AFTER, Deadline, concurrently, pause, retried


class Flaky:
    """Fails some times, then answers."""

    def __init__(self, failures: int, error: Exception | None = None):
        self.calls, self._failures = 0, failures
        self._error = error or TransientError("not now")

    def __call__(self, deadline: Deadline) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "done"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsf_assets.catalog.model.retry.FIRST_PAUSE", 0.001)


def test_what_may_pass_is_tried_again_until_it_does() -> None:
    flaky = Flaky(3)
    assert retried(flaky, 4, 10) == "done"
    assert flaky.calls == 4


def test_after_the_last_attempt_the_reason_and_the_number_are_told() -> None:
    flaky = Flaky(9)
    with pytest.raises(TransientError, match=r"not now \(4 attempts\)"):
        retried(flaky, 4, 10)
    assert flaky.calls == 4


def test_what_does_not_pass_is_not_tried_again() -> None:
    flaky = Flaky(9, SourceError("refused"))
    with pytest.raises(SourceError, match=r"^refused$"):
        retried(flaky, 4, 10)
    assert flaky.calls == 1


def test_a_pause_longer_than_the_time_left_ends_it_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(TransientError, match="1 attempt"):
        retried(Flaky(9, TransientError("busy", retry_after=300)), 4, 60)
    assert time.monotonic() - started < 50, "it waited until its time was over"


@given(st.integers(1, 40), st.floats(0, 1e6), st.floats(0, 1))
def test_pauses_grow_within_bounds_and_honour_what_was_asked_for(attempt: int, requested: float, chance: float) -> None:
    seconds = pause(attempt, requested, chance)
    assert min(requested, LONGEST_RETRY_AFTER) <= seconds <= max(1.5 * LONGEST_PAUSE, LONGEST_RETRY_AFTER)
    assert pause(attempt + 1, 0, chance) >= pause(attempt, 0, chance)


def test_many_things_are_done_at_once_and_errors_are_handed_over() -> None:
    combined = threading.Barrier(4, timeout=5)

    def do(number: int) -> int:
        combined.wait()
        if number == 2:
            raise ValueError("two")
        return number * 10

    found = dict(concurrently(do, [0, 1, 2, 3], 4))
    assert isinstance(found.pop(2), ValueError)
    assert found == {0: 0, 1: 10, 3: 30}
    assert list(concurrently(do, [], 4)) == []


def test_whoever_stops_listening_waits_for_nobody() -> None:
    started = time.monotonic()
    results = concurrently(lambda seconds: time.sleep(seconds), [0.0, 30.0, 30.0], 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 25
