"""A lake that several machines share: how long a delivery holds the commit lock, and what of it each step takes.

Here: deliveries of small files, with a PostgreSQL server and an object store on this machine. Not here: lakes of one
machine (lake.py).
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from unittest.mock import patch

from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.grown_homes import land
from benchmarks.measure import Row
from benchmarks.steps import Step, timed_steps
from vsf_assets.config.settings import Settings
from vsf_assets.ingest import loader
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.warehouse import ledger
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.shared_store import SharedStoreSession
from vsf_assets.warehouse.shared.locks import LockSession, Token
from vsf_assets_tests.postgres_server import PROGRAMS, running_server

DELIVERIES = 20
LOCK_TARGET = 40
"""Milliseconds."""
BUCKET = "lake"
STARTED_WITHIN = 30.0
"""Seconds that the object store may take to start."""


def prepare(bench: Bench) -> None:
    """Make the files."""
    for seed in range(DELIVERIES + 1):
        bench.small_files(seed)


def measure(bench: Bench) -> list[Row]:
    """Measure single deliveries of small files into a lake in a bucket, and into one in a folder."""
    if not PROGRAMS:
        raise RuntimeError("PostgreSQL is not installed (Debian: postgresql)")
    prepare(bench)
    rows: list[Row] = []
    for place in ("a bucket of this machine", "a folder"):
        bench.log(f"shared lake: single deliveries into {place}")
        with running_server(is_durable=True) as database, _place(bench, place == "a folder") as lake:
            rows += _deliveries(bench, place, database, lake)
    return rows


@contextmanager
def _place(bench: Bench, is_folder: bool) -> Iterator[str]:
    """Yield the place of a lake: a folder, or an address in an object store that runs as a process of its own."""
    if is_folder:
        with bench.home() as settings:
            yield str(settings.home / "lakes" / "lake")
        return
    with _object_store():
        yield f"s3://{BUCKET}/lake"


@contextmanager
def _object_store() -> Iterator[None]:
    """Run an object store with an empty bucket; the environment names it."""
    import boto3

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    named = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with patch.dict(os.environ, named):
            _wait_for(port)
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _deliveries(bench: Bench, place: str, database: str, lake: str) -> Iterator[Row]:
    variables = {"VSF_CATALOG": database, "VSF_LAKE": lake}
    held: list[float] = []
    whole: list[float] = []
    spent: list[dict[str, float]] = []
    with bench.home(**variables) as settings:
        warehouse = Warehouse.of(settings)
        warehouse.prepare(lambda _: None)
        numbers = count()
        _deliver(bench, settings, warehouse, next(numbers))  # not measured: it attaches the lake
        for _ in range(DELIVERIES):
            with _held_for() as durations, timed_steps(_steps()) as steps:
                start = time.perf_counter()
                _deliver(bench, settings, warehouse, next(numbers))
                whole.append((time.perf_counter() - start) * 1000)
            held += durations
            spent.append(steps)
    yield Row(f"commit lock held by a delivery of a small file into {place}", held, at_most=LOCK_TARGET, unit="ms")
    for step in dict.fromkeys(step for _, _, step in _steps()):
        yield Row(f"… of it {step}", [steps[step] * 1000 for steps in spent], unit="ms")
    yield Row("… the whole run, from listing the landing zone to its end", whole, unit="ms")


def _deliver(bench: Bench, settings: Settings, warehouse: Warehouse, seed: int) -> None:
    """Land a file and load it, as a run of its own."""
    file = bench.small_files(seed).path(FEEDS[-1])
    land(settings, [file])
    stored = ingest(warehouse, Selection((FEEDS[-1],)), f"benchmark-{seed}").stored
    if len(stored) != 1:
        raise RuntimeError(f"{len(stored)} files were stored instead of one: {Path(file).name}")


@contextmanager
def _held_for() -> Iterator[list[float]]:
    """Note for how many milliseconds each take of the commit lock lasts, from the lock to its release."""
    hold, durations = LockSession.hold, list[float]()

    @contextmanager
    def noted(self: LockSession, name: str, purpose: str) -> Iterator[Token]:
        with hold(self, name, purpose) as token:
            start = time.perf_counter()
            try:
                yield token
            finally:
                if name == "commit":
                    durations.append((time.perf_counter() - start) * 1000)

    with patch.object(LockSession, "hold", noted):
        yield durations


def _steps() -> list[Step]:
    """Return what happens under the lock; what is left of storing, without its own steps, is the commit."""
    return [
        (SharedStoreSession, "_refuse_changed", "comparing generation and contracts with those of the run"),
        (loader, "is_unchanged", "comparing the file with what was read"),
        (SharedStoreSession, "begin", "beginning the transaction"),
        (ledger, "_refuse_same_instant", _LEDGER),
        (ledger, "_store", _LEDGER),
        (SharedStoreSession, "insert_staged", "naming the data files"),
        (ledger, "store_results", "the commit"),
    ]


_LEDGER = "looking at the ledger, and writing its row"
