"""Runs work in threads and returns the results in the order of the items.

Here: one item ahead, many items ahead, and all at once. Not here: what the items are; threads that an interrupt need
not wait for, and results in the order in which they end (catalog/model/retry.py); objects that are taken by name and
not in turn (storage/s3_reader.py); one writer behind its caller (ingest/spool.py, warehouse/async_commits.py).
`concurrent.futures` is imported where it is used: commands that have nothing to do need none of it.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items in their order, with at most one more made than was asked for.

    Cutting text into records and checking them are both done by libraries that let other threads run, so two cores
    share a file's reading.

    Raises:
        Exception: whatever making an item raised, in its place in the order.
    """
    from concurrent.futures import ThreadPoolExecutor

    here = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as pool:
        coming = pool.submit(here.run, lambda: next(items, None))
        while (item := coming.result()) is not None:
            coming = pool.submit(here.run, lambda: next(items, None))
            yield item


def map_ahead(do: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield what `do` gives for each item, in order; as many as there are workers are made ahead, never more.

    Who stops early waits for those that are being made; those that wait are given up.

    Raises:
        Exception: whatever `do` raised, in its place in the order.
    """
    from concurrent.futures import ThreadPoolExecutor

    ahead: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    try:
        for item in items:
            ahead.append(_submit(pool, partial(do, item)))
            if len(ahead) > workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def map_in_order(do: Callable[[Item], Result], items: Collection[Item], workers: int) -> list[Result]:
    """Return what `do` gives for each item, in order; with one worker they are done here, one after another.

    Raises:
        Exception: the first one in order that `do` raised; what was not begun then is not done.
    """
    if workers == 1 or len(items) < 2:
        return [do(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        here = [copy_context() for _ in items]
        return list(pool.map(lambda context, item: context.run(do, item), here, items))


def call_all(calls: Collection[Callable[[], Result]], workers: int) -> list[Callable[[], Result]]:
    """Make some calls at once; return for each of them a function that gives its result, or raises its error."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        return [_submit(pool, call).result for call in calls]


def _submit(pool: "Executor", call: Callable[[], Result]) -> "Future[Result]":
    """Let a thread make a call; what is set for this thread holds there, too, e.g. the S3 client of a run."""
    return pool.submit(copy_context().run, call)
