"""Runs work in threads and returns the results in the order of the items.

Here: computing one item ahead, several items ahead, or all in parallel. Not here: threads that do not delay an
interrupt, and results in the order of completion (catalog/model/retry.py); objects that are read by name and not in
order (storage/s3_reader.py); one writer thread behind its caller (ingest/row_spool.py, warehouse/async_commits.py).
`concurrent.futures` is imported where it is used, which saves start-up time of commands that need no threads.
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
    """Yield items in their order, and compute at most one item ahead in a thread.

    The libraries that split text into records and that validate them release the GIL, so reading one file uses two
    cores.

    Raises:
        Exception: the exception of computing an item, at its place in the order.
    """
    from concurrent.futures import ThreadPoolExecutor

    here = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as pool:
        coming = pool.submit(here.run, lambda: next(items, None))
        while (item := coming.result()) is not None:
            coming = pool.submit(here.run, lambda: next(items, None))
            yield item


def map_ahead(do: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield `do(item)` for each item, in order; at most `workers` results are computed ahead.

    If the caller stops early, running calls are awaited, and queued ones are cancelled.

    Raises:
        Exception: the exception of `do`, at its place in the order.
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
    """Return `do(item)` for each item, in order; with one worker, without a thread.

    Raises:
        Exception: the first exception of `do`, in order of the items; calls that have not begun are cancelled.
    """
    if workers == 1 or len(items) < 2:
        return [do(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        here = [copy_context() for _ in items]
        return list(pool.map(lambda context, item: context.run(do, item), here, items))


def call_all(calls: Collection[Callable[[], Result]], workers: int) -> list[Callable[[], Result]]:
    """Make calls in parallel; return for each a function that returns its result or raises its exception."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        return [_submit(pool, call).result for call in calls]


def _submit(pool: "Executor", call: Callable[[], Result]) -> "Future[Result]":
    """Submit a call with a copy of this thread's context variables, for example the S3 client of a run."""
    return pool.submit(copy_context().run, call)
