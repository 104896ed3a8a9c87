"""Processes that make rows: turns, limits, clients that leave, and files that break off.

Here: the pool and the sending, without a server. Not here: pages and rights (test_made_files.py), and a server
(test_made_browser.py).
"""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.portal.asgi import Dispatcher, Doors
from vsf_assets.portal.generation import streams, worker_pool
from vsf_assets.portal.generation.job import CHECK, FILE, ROWS, GenerationError, GenerationJob
from vsf_assets.portal.generation.streams import STREAM_HEADER, FileBrokenOffError, leave, named_job, send_made
from vsf_assets.portal.generation.worker_pool import WorkerPool
from vsf_assets.web.answers import HttpAnswer
from vsf_assets_tests.portal.made_world import SMALL, bytes_of

SCOPE = {"type": "http", "method": "POST", "headers": [(b"host", b"x")], "raw_path": b"/", "query_string": b""}


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    found = WorkerPool()
    yield found
    found.close()


def job(kind: str = FILE, rows: int = 1000, **more: Any) -> GenerationJob:
    return GenerationJob(kind, SMALL, [], "2026-11-28", rows, **more)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Browser:
    """A client that reads some messages and then leaves, or stays."""

    def __init__(self, leaves_after: int = 10**9, on_part: Any = None) -> None:
        self.messages: list[dict[str, Any]] = []
        self._left, self._after, self._on_part = asyncio.Event(), leaves_after, on_part

    async def receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if self._on_part and len(self.messages) > 1:
            self._on_part()
        if len(self.messages) >= self._after:
            self._left.set()
            await asyncio.sleep(0)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)


def test_a_process_is_asked_again_and_answers_with_the_bytes_of_the_generator(pool: WorkerPool) -> None:
    for form in ("csv", "parquet", "jsonl", "sql"):
        assert b"".join(pool.parts(job(rows=3000, seed=9, form=form))) == bytes_of(SMALL, 3000, 9, form)
    (worker,) = pool._idle
    columns, rows = pool.first_rows(job(ROWS, first=2))
    assert (columns, rows[1]) == (["id", "name", "born"], ["1001", "Mary Harrell", "13.11.1998"])
    with pytest.raises(GenerationError, match="there is no schema 'y'"):
        pool.check(
            GenerationJob(
                CHECK,
                {
                    "name": "x",
                    "columns": [{"name": "a", "type": "Foreign Key", "schema": "y", "column": "z", "rows": 1}],
                },
                [],
                "2026-11-28",
                1,
            )
        )
    assert pool._idle == [worker]  # an error is an answer too


def test_a_process_whose_answer_is_not_read_is_killed(pool: WorkerPool) -> None:
    parts = pool.parts(job(rows=10**6))
    next(parts)
    (process,) = [worker.process.pid for worker in [parts.gi_frame.f_locals["worker"]]]  # type: ignore[attr-defined]
    parts.close()  # type: ignore[attr-defined]
    assert not alive(process)
    assert (pool._busy, pool._files) == (0, 0)


def test_few_files_are_made_at_once_and_first_rows_besides(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "PATIENCE", 0.02)
    taken = [pool.acquire(is_file=True) for _ in range(worker_pool.FILES_AT_ONCE)]
    with pytest.raises(GenerationError, match="other files are being made") as refused:
        pool.acquire(is_file=True)
    assert refused.value.is_busy
    assert len(pool.first_rows(job(ROWS))[1]) == 10
    monkeypatch.setattr(worker_pool, "PATIENCE", 10.0)
    threading.Timer(0.02, pool.release, (taken[0], True)).start()
    pool.release(pool.acquire(is_file=True), is_file=True)
    pool.release(taken[1], is_file=True)
    assert (pool._busy, pool._files) == (0, 0)


def test_an_answer_has_a_time_limit(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(worker_pool.SECONDS, FILE, 0.0)
    with pytest.raises(GenerationError, match="took too long"):
        b"".join(pool.parts(job()))
    assert pool._busy == 0


def test_a_process_that_dies_is_replaced(pool: WorkerPool) -> None:
    pool.check(job(CHECK))
    for worker in pool._idle:
        worker.process.kill()
        worker.process.wait()
    assert len(pool.first_rows(job(ROWS))[1]) == 10
    worker = pool.acquire(is_file=False)
    worker.process.kill()
    with pytest.raises(GenerationError, match="ended by the system"):
        worker.ask(job(CHECK))
        worker.next_frame()
    pool.release(worker, is_file=False)


def test_a_process_has_no_settings_no_secrets_and_can_write_no_file(pool: WorkerPool) -> None:
    worker = pool.acquire(is_file=False)
    try:
        pool.release(worker, is_file=False)
        pool.check(job(CHECK))  # its limits are set by now
        process = f"/proc/{worker.process.pid}"
        variables = dict(each.split("=", 1) for each in Path(f"{process}/environ").read_text().split("\0") if each)
        assert not [name for name in variables if name.startswith("VSF_")]
        limits = Path(f"{process}/limits").read_text()
        assert "Max file size             0                    0" in limits
        assert f"Max address space         {worker_pool.MEMORY}" in limits
    finally:
        assert worker in pool._idle


def test_a_file_is_sent_while_it_is_made(pool: WorkerPool) -> None:
    async def send() -> Browser:
        browser = Browser()
        headers = [(b"content-type", b"text/csv"), (STREAM_HEADER, b"x"), (b"content-length", b"0")]
        await send_made(job(rows=20_000), pool, headers, dict(SCOPE), browser.receive, browser.send)
        return browser

    browser = asyncio.run(send())
    assert browser.messages[0]["headers"] == [(b"content-type", b"text/csv")]
    assert browser.body == bytes_of(SMALL, 20_000)
    assert len(browser.messages) > 3
    assert "more_body" not in browser.messages[-1]


def test_a_client_that_leaves_ends_the_process(pool: WorkerPool) -> None:
    async def send() -> tuple[Browser, int]:
        browser = Browser(leaves_after=2)
        process = pool.acquire(is_file=False)
        pool.release(process, is_file=False)
        await send_made(job(rows=5 * 10**6), pool, [], dict(SCOPE), browser.receive, browser.send)
        return browser, process.process.pid

    browser, process = asyncio.run(send())
    assert len(browser.body) < 10**7
    assert not alive(process)
    assert (pool._busy, pool._files) == (0, 0)


def test_a_file_that_breaks_off_ends_the_connection(pool: WorkerPool) -> None:
    async def send(browser: Browser) -> None:
        await send_made(job(rows=5 * 10**6), pool, [], dict(SCOPE), browser.receive, browser.send)

    pool.check(job(CHECK))
    (worker, *_) = pool._idle[::-1]
    browser = Browser(on_part=worker.process.kill)
    with pytest.raises(FileBrokenOffError, match="ended by the system"):
        asyncio.run(send(browser))
    assert browser.messages[-1].get("more_body")  # no end was sent
    assert pool._busy == 0


def test_what_cannot_be_made_is_a_problem(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(wanted: GenerationJob) -> tuple[int, dict[str, Any]]:
        browser = Browser()
        await send_made(wanted, pool, [], dict(SCOPE), browser.receive, browser.send)
        return browser.messages[0]["status"], json.loads(browser.body)

    missing = GenerationJob(
        FILE, {"name": "x", "columns": [{"name": "j", "type": "Job", "unique": True}]}, [], "2026-11-28", 700
    )
    status, found = asyncio.run(send(missing))
    assert (status, "only 639" in found["detail"]) == (422, True)
    monkeypatch.setattr(worker_pool, "FILES_AT_ONCE", 0)
    monkeypatch.setattr(worker_pool, "PATIENCE", 0.01)
    assert asyncio.run(send(job()))[0] == 503


def test_a_question_is_taken_once_and_few_are_kept() -> None:
    name = leave(job()).encode()
    assert named_job([(STREAM_HEADER, name)]) == job()
    assert named_job([(STREAM_HEADER, name)]) is None
    assert named_job([(b"x", name)]) is None
    names = [leave(job(rows=number)) for number in range(streams._MOST_WAITING + 5)]
    assert len(streams._waiting) == streams._MOST_WAITING
    assert named_job([(STREAM_HEADER, names[0].encode())]) is None
    assert named_job([(STREAM_HEADER, names[-1].encode())]) is not None
    streams._waiting.clear()


def test_the_layer_before_django_sends_it_and_keeps_the_header(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsf_assets.portal.asgi.worker_pool", lambda: pool)

    async def pages(scope: Any, body: bytes) -> HttpAnswer:
        return HttpAnswer(200, [(b"content-type", b"text/csv"), (STREAM_HEADER, leave(job()).encode())])

    async def send() -> Browser:
        browser, received = Browser(), iter([{"type": "http.request", "body": b""}])

        async def receive() -> Any:
            return next(received, None) or await browser.receive()

        await Dispatcher(pages, Doors({"x"}))({**SCOPE, "path": "/"}, receive, browser.send)
        return browser

    browser = asyncio.run(send())
    assert browser.body == bytes_of(SMALL, 1000)
    assert [name for name, _ in browser.messages[0]["headers"]] == [b"content-type"]
