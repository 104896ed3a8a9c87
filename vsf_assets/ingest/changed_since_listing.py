"""Checks under the lock that each file is still in the state in which it was read.

Here: the second stat of each file. Not here: reading files (read_file.py) and storing rows (warehouse/ledger.py).
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from vsf_assets.common.prefetch import call_all
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.open_writers import WHY, is_written
from vsf_assets.warehouse.input_and_result import ReadResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.ingest.ingest_report import IngestReport

Restat = Callable[[], Entry | None]
Restats = Callable[[list[ReadResult]], list[Restat]]
"""Takes the second stat of the files of a delivery, now or when it is wanted."""


def restat(results: list[ReadResult]) -> list[Restat]:
    """Re-stat the input files under the lock: objects in parallel at once, files lazily."""
    restats: list[Restat] = [partial(d.input_file.store.stat, d.input_file.entry.path) for d in results]
    workers = results[0].input_file.store.workers
    return restats if workers == 1 else call_all(restats, workers)


def restat_together(results: list[ReadResult]) -> Restats:
    """Re-stat the files of many deliveries under one hold of the lock; return those of a delivery."""
    taken = dict(zip(map(id, results), restat(results), strict=True))
    return lambda unit: [taken[id(result)] for result in unit]


def is_unchanged(
    connection: "DuckDBPyConnection", result: ReadResult, restat_one: Restat, report: "IngestReport"
) -> bool:
    """Whether a file is still in the state that was read; if not, add it to `report.left` with the reason."""
    from vsf_assets.warehouse.ledger import read_files

    input_file = result.input_file
    try:
        now = restat_one()
    except OSError as error:
        report.cannot_use(
            input_file.entry.path, error, "checked", input_file.store.is_private or input_file.known_sha256 is not None
        )
        return False
    if input_file.entry.same_state(now):
        if (
            input_file.store.is_private
            or input_file.known_sha256 is not None
            or not is_written(input_file.store, input_file.entry)
        ):
            return True
        report.left.append((input_file.entry.path, WHY))
        return False
    if now is None and input_file.known_sha256 is None and read_files(connection, "file_id = ?", (result.file_id,)):
        return True  # another run stored and archived it meanwhile
    what = "vanished" if now is None else "changed"
    report.left.append((input_file.entry.path, f"{what} before it was stored; it is taken up when it is stable"))
    return False
