"""Commits a transaction in a thread while the caller continues.

Here: the one thread that commits, and the callback after a commit. Not here: the statements of the transaction
(ledger.py). DuckDB writes and flushes a commit without holding the GIL, so the next file is read meanwhile.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Commits:
    """Commits over a connection; a context manager whose end waits for the last commit.

    Args:
        connection: no other code may use it between `start` and `wait`.
    """

    def __init__(self, connection: "DuckDBPyConnection"):
        self._connection = connection
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="commits")
        self._running: Future[object] | None = None
        self._after_commit: Callable[[], None] | None = None

    def __enter__(self) -> "Commits":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the last commit; after an exception, its callback is not called, and a later run finds its rows."""
        with self._pool:
            if error is None:
                self.wait()

    def start(self) -> None:
        """Start to commit the connection's transaction."""
        self._running = self._pool.submit(self._connection.commit)

    def then(self, after_commit: Callable[[], None]) -> None:
        """Set the function that `wait` calls after the started commit has succeeded."""
        self._after_commit = after_commit

    def wait(self) -> None:
        """Wait for the started commit, if there is one.

        Raises:
            duckdb.Error: the commit failed; whether it is stored shows when the file is opened again.
        """
        running, after_commit, self._running, self._after_commit = self._running, self._after_commit, None, None
        if running is not None:
            running.result()
        if after_commit is not None:
            after_commit()
