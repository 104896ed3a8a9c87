"""A lake in a bucket whose store is killed, started again and stopped while workers load: every file in the end, once.

Here: the store. Not here: workers, broker and PostgreSQL that end (test_workers.py).
"""

import pytest

from vsf_assets_tests.lake.workers.servers import WORKER, service
from vsf_assets_tests.lake.workers.site import Site, until
from vsf_assets_tests.lake.workers.store_front import front_of
from vsf_assets_tests.object_server import ObjectServer
from vsf_assets_tests.redis_server import Broker

pytestmark = pytest.mark.workers


def test_the_store_is_killed_and_stopped_under_load(
    site: Site, broker: Broker, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Landing zone, archive, lake and snapshots are in one bucket."""
    with front_of(object_server) as store:
        site.store = store
        for name, value in store.settings.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)  # for what this process reads
        site.more |= {"VSF_BROKER": broker.address, "VSF_INGEST_RUNS": "2", "VSF_STORE_TIMEOUT": "10"}
        site.vsf("prepare")
        for number in range(2):
            site.start(f"w{number}", *WORKER, *(["--own"] if number == 1 else []))
        site.start("service", *service())
        site.land(0, 30)
        until(lambda: site.waiting() < 30, "the first file is loaded")
        store.restart(after=5)
        site.land(100, 30)
        until(lambda: site.waiting() < 40, "they go on after the store was killed")
        store.stop_for(8)
        site.land(200, 20)
        until(lambda: site.waiting() == 0, "every file is loaded")
        site.check_all_stored(80)
        loaded = "select count(*) from raw.files where status = 'loaded'"
        until(lambda: bool(store.keys("snapshots/current")), "a snapshot is published")
        until(lambda: site.vsf("query", loaded).split()[-1] == "80", "the snapshot shows every file")
        site.end()
