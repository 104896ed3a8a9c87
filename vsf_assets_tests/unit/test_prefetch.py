"""Work in other threads: the order, how much is made ahead, and errors in their place."""

import threading
from collections.abc import Iterator

import pytest

from vsf_assets.common.prefetch import call_all, map_ahead, map_in_order, one_ahead


def test_items_keep_their_order_and_one_more_is_made_elsewhere() -> None:
    made: list[tuple[int, str]] = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append((number, threading.current_thread().name))
            yield number

    ahead = one_ahead(items())
    assert next(ahead) == 0
    rest = list(ahead)
    assert rest == [1, 2, 3, 4]
    assert all(name.startswith("one-ahead") for _, name in made)


def test_no_item_is_no_item() -> None:
    assert list(one_ahead(iter(()))) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("cut short")

    seen = []
    with pytest.raises(ValueError, match="cut short"):
        for item in one_ahead(items()):
            seen.append(item)
    assert seen == [1]


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    ahead = one_ahead(iter(range(1000)))
    assert next(ahead) == 0
    ahead.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("one-ahead")]


def test_many_ahead_keep_their_order_and_are_never_more_than_the_workers() -> None:
    begun: list[int] = []

    def make(number: int) -> int:
        begun.append(number)
        return number * number

    squares = map_ahead(make, range(50), 3)
    assert next(squares) == 0
    assert max(begun) <= 3
    assert list(squares) == [number * number for number in range(1, 50)]
    assert sorted(begun) == list(range(50))


def test_who_stops_early_gives_up_what_is_ahead() -> None:
    squares = map_ahead(lambda number: number, range(1000), 2)
    assert [next(squares), next(squares)] == [0, 1]
    squares.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


def halves(number: int) -> float:
    if number == 3:
        raise ValueError("3 is not even")
    return number / 2


@pytest.mark.parametrize("workers", [1, 4])
def test_results_are_in_order_and_the_first_error_counts(workers: int) -> None:
    assert map_in_order(halves, [8, 4, 2], workers) == [4, 2, 1]
    assert map_in_order(halves, [], workers) == []
    with pytest.raises(ValueError, match="not even"):
        map_in_order(halves, [2, 3, 4], workers)


def test_one_worker_is_the_caller() -> None:
    names = map_in_order(lambda _: threading.current_thread().name, [1, 2], 1)
    assert names == [threading.current_thread().name] * 2


def test_an_error_ahead_comes_in_its_place() -> None:
    found = map_ahead(halves, [2, 4, 3, 6], 4)
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(ValueError, match="not even"):
        next(found)


def test_calls_give_their_results_or_errors_when_asked() -> None:
    first, bad, last = call_all([lambda: 1, lambda: halves(3), lambda: 2], 2)
    assert (last(), first()) == (2, 1)
    with pytest.raises(ValueError, match="not even"):
        bad()
