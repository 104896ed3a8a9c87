"""Ingests the landing zone, then the catalog's source.

Here: waiting for files to settle, and the order of the two. Not here: loading files (ingest/session.py) and the rounds
of scanning and fetching (ingest_catalog.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsf_assets.catalog.fetch_round import RoundReport
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import recognize
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.ingest.session import Run
from vsf_assets.landing.home_marker import claim
from vsf_assets.landing.multi_file_uploads import UploadKey, defer_incomplete, upload_of
from vsf_assets.landing.selection import Selection
from vsf_assets.landing.settled_listing import Watched
from vsf_assets.landing.stability import Hold, TimedListing, wait_until_settled
from vsf_assets.pipeline.ingest_catalog import load_fetched
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.open_writers import WHY, being_written
from vsf_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    pass


@dataclass
class RunReport(IngestReport):
    """The report of an ingest, with its rounds of scanning and fetching.

    Attributes:
        rounds: one report per round.
    """

    rounds: list[RoundReport] = field(default_factory=list)


def ingest(
    warehouse: Warehouse,
    selection: Selection,
    run_id: str,
    progress: Callable[[str], None] = lambda _: None,
    earlier_listing: TimedListing | None = None,
    patience: float | None = None,
    report: RunReport | None = None,
) -> RunReport:
    """Load the selected files into the warehouse; several ingests may run at the same time.

    Args:
        warehouse: the warehouse.
        selection: which files.
        run_id: recorded with what is loaded.
        progress: receives a message for each step.
        earlier_listing: a listing of a sensor, which saves the wait for files that are unchanged since.
        patience: seconds after which files that still change are left; None for VSF_SETTLE_TIMEOUT.
        report: the report to fill, for a caller that wants to know what an interrupted ingest has stored.

    Raises:
        LockTimeoutError: another writer held the warehouse for too long.
        VsfError: the landing zone belongs to another home.
        OSError: the landing zone, archive or disk failed.
    """
    settings = warehouse.settings
    claim(settings, progress)
    landing, report = open_store(settings.landing), report if report is not None else RunReport()
    watched = Watched(landing)
    busy: set[str] = set()

    def writing(entries: list[Entry]) -> set[str]:
        busy.clear()
        busy.update(being_written(landing, entries))
        return busy

    stable, unsettled = wait_until_settled(
        watched,
        lambda entry: _wanted(entry.path, selection),
        settings.settle_seconds,
        settings.settle_timeout if patience is None else patience,
        earlier_listing,
        _holding(settings, progress),
        settings.dataset_wait_seconds,
        writing,
    )
    report.left += [(e.path, _why_left(e, unsettled, busy, settings)) for e in unsettled]
    report.left += [(path, why) for path, why in watched.waiting if _wanted(path, selection)]
    report.left_out = watched.left_out
    run = Run(warehouse, selection, run_id, report, progress)
    run.load(landing, stable, again=True, may_be_idle=not selection.scans_sources)
    if selection.fetches:
        report.rounds += load_fetched(run)
        if selection.scans_sources and selection.reload == "if_idle" and not report.stored:
            run.load(landing, [], again=True)
    return report


def _why_left(entry: Entry, unsettled: list[Entry], busy: set[str], settings: Settings) -> str:
    """Return why an unsettled file is left for a later run."""
    if entry.path in busy:
        return WHY
    upload = upload_of(entry)
    of_upload = [e.name for e in unsettled if e.path in busy and upload is not None and upload_of(e) == upload]
    if of_upload:
        return (
            f"it waits for {of_upload[0]}, which belongs to the same upload and which another process has open for"
            " writing"
        )
    return f"still changing after {settings.settle_timeout:g} s"


def _holding(settings: Settings, progress: Callable[[str], None]) -> Hold:
    """Return the hold function for files of incomplete uploads; it logs each waiting upload once."""
    reported = set[UploadKey | None]()

    def hold(stable: list[Entry], unsettled: list[Entry], at: float) -> tuple[list[Entry], list[Entry]]:
        complete, deferred = defer_incomplete(
            stable, unsettled, lambda e: e.modified.timestamp(), at, settings.dataset_wait_seconds
        )
        for key in dict.fromkeys(upload_of(entry) for entry in deferred):
            if key is not None and key not in reported:
                progress(f"waiting for the other files of {key[0]}/{key[1]}")
            reported.add(key)
        return complete, deferred

    return hold


def _wanted(path: str, selection: Selection) -> bool:
    recognized = recognize(path)
    if recognized is None or recognized[0].is_fetched:
        return False
    return selection.holds(path) and selection.selects(recognized[0].name, recognized[1])
