"""Tells a thread that works for a client that this client has left.

Here: the flag, and what is called when it is set. Not here: hearing that a client left (asgi.py), and what is stopped
then (sql/runner.py).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ClientLeft:
    """Whether a client has left, and calls that are made when it does; thread-safe."""

    KEY = "vsf.client_left"
    """Name of the object in a request's environment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []
        self.is_set = False

    def set(self) -> None:
        """Say that the client has left."""
        with self._lock:
            self.is_set = True
            for call in self._calls:
                call()

    @contextmanager
    def calls(self, call: Callable[[], None]) -> Iterator[None]:
        """Call this when the client leaves during the block, or at once if it has left; the call must not block."""
        with self._lock:
            if self.is_set:
                call()
            self._calls.append(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)
