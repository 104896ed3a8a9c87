"""Commits a transaction in a thread while the caller goes on.

Here: the one thread for it, and what is told once a commit is done. Not here: what is committed (ledger.py).
DuckDB writes and flushes a commit without the interpreter, so the next file can be read meanwhile.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Commits:
    """The commits over a connection; left as a context, the last one is done.

    Args:
        connection: used by nobody else between `start` and `wait`.
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
        """Let the last commit end; after an exception, what it stored is told by nobody, and is found later."""
        with self._pool:
            if error is None:
                self.wait()

    def start(self) -> None:
        """Commit what the connection's transaction holds."""
        self._running = self._pool.submit(self._connection.commit)

    def then(self, after_commit: Callable[[], None]) -> None:
        """Have something called by `wait`, once the commit that was started is done."""
        self._after_commit = after_commit

    def wait(self) -> None:
        """Let the commit that was started end; nothing happens where there is none.

        Raises:
            duckdb.Error: it failed; what is stored shows once the file is opened again.
        """
        running, after_commit, self._running, self._after_commit = self._running, self._after_commit, None, None
        if running is not None:
            running.result()
        if after_commit is not None:
            after_commit()
