"""Limits the time of a call that may never return.

Here: the bound. Not here: how long is long enough (storage/s3_client.py, sources/), and trying again. A time-out of a
connection starts again with each byte that comes, so an answer of a byte a second would outlast all of them.
"""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar, cast

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what a call gives, if it returns in time.

    Args:
        seconds: the time.
        call: what to do; it goes on in the background, where nothing waits for it, when the time is over.

    Raises:
        TimeoutError: the time is over.
        BaseException: whatever `call` raises.
    """
    done: list[tuple[Result | None, BaseException | None]] = []

    def run() -> None:
        try:
            done.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            done.append((None, error))

    thread = threading.Thread(target=copy_context().run, args=(run,), name="bounded-call", daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise TimeoutError(f"no answer within {seconds:g} s")
    result, error = done[0]
    if error is not None:
        raise error
    return cast(Result, result)
