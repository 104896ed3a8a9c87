"""Limits the time of a call that may never return.

Here: the deadline. Not here: its length (storage/s3_client.py, catalog/) and retries. A time-out of a connection starts
again with each received byte, so an answer of one byte per second would never time out.
"""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar, cast

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return the result of a call, if it returns before the deadline.

    Args:
        seconds: the deadline.
        call: the function to call; after the deadline it continues in a background thread, and its result is ignored.

    Raises:
        TimeoutError: the call did not return in time.
        BaseException: any exception that `call` raises.
    """
    done: list[tuple[Result | None, BaseException | None]] = []

    def run() -> None:
        try:
            done.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
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
