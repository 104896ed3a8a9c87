"""While a run holds the commit lock of a lake in a bucket, it asks the object store for nothing.

Here: the requests of a delivery, before and under the lock. Not here: what is stored (test_ingest.py), and times, which
`python -m benchmarks --only shared-lake` measures.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vsf_assets.warehouse.shared.locks import LockSession, Token
from vsf_assets.warehouse.writer import Writer
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.object_server import Bucket, Request
from vsf_assets_tests.warehouses import Home, clicks


@pytest.fixture
def under_the_lock(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Note the requests that are answered while a process of this test holds the commit lock."""
    hold, found = LockSession.hold, list[Request]()

    @contextmanager
    def noted(self: LockSession, name: str, purpose: str) -> Iterator[Token]:
        with hold(self, name, purpose) as token:
            before = len(bucket.server.log)
            yield token
            if name == "commit":
                found.extend(bucket.server.log[before:])

    monkeypatch.setattr(LockSession, "hold", noted)
    return found


@pytest.fixture
def home(tmp_path: Path, catalog: str, bucket: Bucket) -> Home:
    """A home with a prepared lake in a bucket."""
    found = shared_home(tmp_path / "home", catalog, bucket.address("lake"))
    found.warehouse.prepare(lambda _: None)
    return found


def deliver(home: Home, number: int) -> None:
    """Store a file with a good and a bad row."""
    home.land(f"clicks_{number % 4 + 1}_{number}.csv", clicks(number) + b"x,1,1\n", number)
    assert len(home.ingest().stored) == 1


def deliver_after_a_merge(home: Home) -> None:
    """Store files, merge them into one, and store more: then the ledger is in a file that was not read before."""
    for number in (1, 2, 3, 4, 5):
        deliver(home, number)
    with home.warehouse.lock("merge"), home.warehouse.connect() as connection:
        connection.execute("call ducklake_merge_adjacent_files('warehouse')")
    for number in (6, 7, 8):
        deliver(home, number)
    assert home.click_ids() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_new_file_needs_none(home: Home, under_the_lock: list[Request]) -> None:
    deliver_after_a_merge(home)
    assert under_the_lock == []


def test_without_staging_the_row_of_the_ledger_it_needs_some(
    home: Home, under_the_lock: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "stage_row", lambda *_: None)
    deliver(home, 1)
    assert {request.method for request in under_the_lock} >= {"PUT"}


@pytest.mark.lake
def test_without_keeping_what_was_read_it_needs_some(
    home: Home, under_the_lock: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(home, 1)
    with home.warehouse.connect() as connection:
        connection.execute("set global enable_http_metadata_cache = false")
    deliver(home, 2)
    assert {request.method for request in under_the_lock} >= {"HEAD"}
