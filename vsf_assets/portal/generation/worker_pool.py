"""The processes that make rows for pages: few of them, each asked one thing at a time.

Here: starting them when they are needed, turns, time limits, and ending one whose answer nobody takes. Not here: the
process itself (worker.py), and sending a file to its reader (streams.py).

A process stays for the next question, since starting one takes a third of a second; it ends by itself when nobody asks.
"""

import json
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, cast

from vsf_assets.config.settings import interpreter_environment
from vsf_assets.portal.generation.job import CHECK, DATA, ERROR, FILE, HEAD, ROWS, GenerationError, GenerationJob

AT_ONCE = 3
"""Processes of a portal process."""

FILES_AT_ONCE = 2
"""How many of them may make files, so that one is left for the first rows on pages."""

PATIENCE = 5.0
"""Seconds that a question waits for a process."""

MEMORY = 4 * 2**30
"""Bytes of addresses that a process may have; it uses a tenth of them."""

SECONDS = {CHECK: 20.0, ROWS: 20.0, FILE: 300.0}
"""Kind of a question -> time for its whole answer, and for the one who reads it."""

_BUSY = "other files are being made at the moment; try again in some seconds"
_ENDED = "the process that makes the rows was ended by the system; ask for fewer rows or columns"


@dataclass
class Worker:
    """A process.

    Attributes:
        process: itself.
        until: moment (monotonic) at which its answer must have been read.
        is_at_rest: whether its last answer was read to the end.
    """

    process: "subprocess.Popen[bytes]"
    until: float = 0.0
    is_at_rest: bool = True

    @property
    def questions(self) -> IO[bytes]:
        """Its standard input."""
        return cast("IO[bytes]", self.process.stdin)

    @property
    def answers(self) -> IO[bytes]:
        """Its standard output."""
        return cast("IO[bytes]", self.process.stdout)

    def ask(self, job: GenerationJob) -> None:
        """Send a question."""
        self.until, self.is_at_rest = time.monotonic() + SECONDS[job.kind], False
        try:
            self.questions.write(job.as_line())
            self.questions.flush()
        except OSError as error:
            raise GenerationError(_ENDED) from error

    def next_frame(self) -> bytes | None:
        """Return the next bytes of the answer; None at its end.

        Raises:
            GenerationError: the answer ends with an error, or its time is over.
        """
        kind = self._read(1)
        content = self._read(int.from_bytes(self._read(HEAD - 1), "big"))
        self.is_at_rest = kind != DATA
        if kind == ERROR:
            raise GenerationError(content.decode())
        return content if kind == DATA else None

    def _read(self, size: int) -> bytes:
        source = self.answers
        parts: list[bytes] = []
        while size:
            left = self.until - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                raise GenerationError("it took too long; ask for fewer rows or columns")
            part = source.read(size)
            if not part:
                raise GenerationError(_ENDED)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.wait(10)
        for pipe in (self.questions, self.answers):
            with suppress(BrokenPipeError):
                pipe.close()


class WorkerPool:
    """The processes of this process; thread-safe."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._idle: list[Worker] = []
        self._busy = self._files = 0

    def acquire(self, is_file: bool) -> Worker:
        """Return a process that nobody else asks; give it back by `release`.

        Raises:
            GenerationError: all are busy for too long.
        """
        with self._change:
            if not self._change.wait_for(lambda: self._is_free(is_file), PATIENCE):
                raise GenerationError(_BUSY, is_busy=True)
            self._busy += 1
            self._files += is_file
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
                    return worker
                worker.end()
        try:
            return Worker(_started())
        except BaseException:
            self._leave(is_file)
            raise

    def release(self, worker: Worker, is_file: bool) -> None:
        """Let others ask a process, or end one whose answer was not read to its end."""
        if worker.is_at_rest:
            with self._change:
                self._idle.append(worker)
        else:
            worker.end()
        self._leave(is_file)

    def first_rows(self, job: GenerationJob) -> tuple[list[str], list[list[str]]]:
        """Return the header and the first rows of a file, as texts.

        Raises:
            GenerationError: they cannot be made.
        """
        found: dict[str, Any] = json.loads(b"".join(self.parts(job)))
        return found["columns"], found["rows"]

    def check(self, job: GenerationJob) -> None:
        """Check that a file can be made; raises GenerationError."""
        for _ in self.parts(job):
            pass

    def parts(self, job: GenerationJob) -> Iterator[bytes]:
        """Yield the bytes of an answer; a process whose answer is not read to its end is killed.

        Raises:
            GenerationError: there is no answer, or it ended early.
        """
        with self.at_work(job) as worker:
            while (part := worker.next_frame()) is not None:
                yield part

    @contextmanager
    def at_work(self, job: GenerationJob) -> Iterator[Worker]:
        """Give a process that answers a question, for a block that reads the answer, and kill it if that ends early."""
        is_file = job.kind == FILE
        worker = self.acquire(is_file)
        try:
            worker.ask(job)
            yield worker
        finally:
            self.release(worker, is_file)

    def close(self) -> None:
        """End the processes that nobody asks."""
        with self._change:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _is_free(self, is_file: bool) -> bool:
        return self._busy < AT_ONCE and not (is_file and self._files >= FILES_AT_ONCE)

    def _leave(self, is_file: bool) -> None:
        with self._change:
            self._busy -= 1
            self._files -= is_file
            self._change.notify_all()


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "vsf_assets.portal.generation.worker", str(MEMORY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=interpreter_environment() | {"POLARS_MAX_THREADS": "2"},
    )


@cache
def worker_pool() -> WorkerPool:
    """Return the pool of this process."""
    return WorkerPool()
