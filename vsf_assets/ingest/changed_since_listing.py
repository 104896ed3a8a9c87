"""A second look at what was read, taken once the warehouse's lock is held.

Here: whether a file is still as it was when it was read. Not here: reading it (read_file.py) and storing it
(warehouse/ledger.py).
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from vsf_assets.storage.entry import Entry
from vsf_assets.storage.open_files import WHY, is_written
from vsf_assets.warehouse.read_result import Delivery

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.ingest.report import IngestReport

Look = Callable[[], Entry | None]


def look_again(deliveries: list[Delivery]) -> list[Look]:
    """Return looks at the files now that the lock is held; objects are asked at once, files when it is their turn."""
    from concurrent.futures import ThreadPoolExecutor

    looks: list[Look] = [partial(d.work.store.stat, d.work.entry.path) for d in deliveries]
    workers = deliveries[0].work.store.workers
    if workers == 1:
        return looks
    with ThreadPoolExecutor(workers) as pool:
        return [pool.submit(look).result for look in looks]


def is_unchanged(connection: "DuckDBPyConnection", delivery: Delivery, look: Look, report: "IngestReport") -> bool:
    """Whether a file is in the state that was read; if not, the report says why it is left."""
    from vsf_assets.warehouse.ledger import read_files

    work = delivery.work
    try:
        now = look()
    except OSError as error:
        report.cannot_use(work.entry.path, error, "checked", work.store.is_private or work.known_sha256 is not None)
        return False
    if work.entry.same_state(now):
        if work.store.is_private or work.known_sha256 is not None or not is_written(work.store, work.entry):
            return True
        report.left.append((work.entry.path, WHY))
        return False
    if now is None and work.known_sha256 is None and read_files(connection, "file_id = ?", (delivery.file_id,)):
        return True  # another run stored and filed it meanwhile
    what = "vanished" if now is None else "changed"
    report.left.append((work.entry.path, f"{what} before it was stored; it is taken up when it is stable"))
    return False
