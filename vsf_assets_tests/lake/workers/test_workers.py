"""Several workers of one lake that are killed, stopped and cut off: each file is stored once in the end."""

import os
import random
import signal
import time
from itertools import count

import pytest

from vsf_assets_tests.lake.workers.servers import WORKER, service
from vsf_assets_tests.lake.workers.site import Site, until
from vsf_assets_tests.postgres_server import Server
from vsf_assets_tests.redis_server import Broker

pytestmark = pytest.mark.workers

STOPPED_SECONDS = float(os.environ.get("VSF_TEST_STOPPED_SECONDS", "5"))
"""How long a worker is stopped beyond what the others need; 300 is a long pause as people have it."""

INGEST = """
import os, sys
from vsf_assets.config.settings import read_settings
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.warehouse.connection import Warehouse
warehouse = Warehouse.of(read_settings())
while any(name.endswith(".csv") for name in os.listdir(warehouse.settings.landing)) or not os.path.exists("%s"):
    ingest(warehouse, Selection(("clicks",)), f"run-{os.getpid()}", print)
"""


def test_eight_workers_and_thirty_kills(site: Site) -> None:
    """All of them load the same files, which land as long as workers are killed; what one began, others finish."""
    site.vsf("prepare")
    chance, names, is_over = random.Random(25), count(1), site.root / "is-over"

    def start() -> None:
        site.start(f"w{next(names)}", "-c", INGEST % is_over)

    site.land(0, 10)
    for _ in range(8):
        start()
    until(lambda: site.waiting() < 10, "the first file is loaded")
    for kill in range(30):
        site.land(10 + 3 * kill, 3)
        time.sleep(chance.uniform(0.1, 1.0))
        site.kill(chance.choice([name for name, process in site.processes.items() if process.poll() is None]))
        start()
    site.land(0, 0, twins=10)
    is_over.touch()
    until(lambda: all(process.poll() is not None for process in site.processes.values()), "all workers end")
    assert [process.returncode for process in site.processes.values()].count(-signal.SIGKILL) == 30
    site.check_all_stored(100, 10)


def test_workers_of_a_queue_that_are_killed_and_stopped(site: Site, server: Server, broker: Broker) -> None:
    """Four workers start at once, on a database without Dagster's tables; broker and PostgreSQL restart meanwhile."""
    site.more |= {"VSF_BROKER": broker.address, "VSF_INGEST_RUNS": "4"}
    site.vsf("prepare")
    for number in range(4):
        site.start(f"w{number}", *WORKER, *(["--own"] if number == 3 else []))
    site.start("service", *service())
    site.land(0, 40)
    until(lambda: site.waiting() < 40, "the first file is loaded")
    site.kill("w0")
    site.signal("w1", signal.SIGSTOP)
    site.land(100, 40)
    until(lambda: site.waiting() < 60, "the others go on")
    time.sleep(STOPPED_SECONDS)
    broker.restart()
    site.land(200, 20)
    until(lambda: site.waiting() < 40, "the others go on with what the broker kept")
    site.signal("w1", signal.SIGCONT)
    server.restart()
    site.start("w4", *WORKER)
    until(lambda: site.waiting() == 0, "every file is loaded")
    until(lambda: (site.root / "snapshots" / "current.duckdb").exists(), "a snapshot is published")
    site.check_all_stored(100)
    published = "select count(*) from raw.files where status = 'loaded'"
    until(lambda: site.vsf("query", published).split()[-1] == "100", "the snapshot shows every file")
