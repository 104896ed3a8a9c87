"""One item ahead: the order, the look-ahead, and errors in their place."""

import threading
from collections.abc import Iterator

import pytest

from vsf_assets.common.prefetch import one_ahead


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
