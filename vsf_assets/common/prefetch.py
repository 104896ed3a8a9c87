"""Computes the next item of an iterator in a thread while the caller uses the last one.

Here: that one step of overlap. Not here: what the items are. Cutting text into records and checking
them are both done by libraries that let other threads run, so two cores share a file's reading.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items in their order, with at most one more made than was asked for.

    Raises:
        Exception: whatever making an item raised, in its place in the order.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
