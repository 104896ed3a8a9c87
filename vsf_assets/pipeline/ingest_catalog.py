"""Fetches from a catalog source into the inbox and loads the inbox.

Here: the order of the steps, under the lock of the inbox. Not here: scanning and fetching (catalog/), and loading
files (ingest/session.py). A crash leaves files in the inbox; the next run loads them before it scans.
"""

from typing import TYPE_CHECKING

from vsf_assets.catalog.fetch_round import RoundReport, fetch_from_source, shown
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.catalog.inbox import Inbox
from vsf_assets.config.catalog_profiles import choose
from vsf_assets.feeds import all_feeds, recognize
from vsf_assets.feeds.by_family.catalog import SCANS
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.listing import UnlistedEntryError

if TYPE_CHECKING:
    from vsf_assets.ingest.session import Run
    from vsf_assets.warehouse.ledger import FileRow

ROUNDS = 3
"""Rounds of a run, if objects change or vanish between scan and fetch."""


def load_fetched(run: "Run") -> list[RoundReport]:
    """Load the inbox, scan the source, fetch what changed, and load that; return the rounds.

    Raises:
        LockTimeoutError: another process held the inbox for too long.
        SettingsError: no profile has the selected name.
    """
    settings = run.warehouse.settings
    profile = choose(settings.profiles, run.selection.profile or settings.profile, "--profile")
    inbox = Inbox(settings)
    if not run.selection.scans_sources and not _entries(inbox):
        return []
    rounds: list[RoundReport] = []
    with inbox.held(settings.lock_wait_seconds, run.progress):
        left = _load_inbox(run, inbox)
        if not run.selection.scans_sources:
            return rounds
        force, gone = run.selection.reload == "all", set[str]()
        for _ in range(ROUNDS):
            history, ledger = _known(run, profile.name)
            if not history.is_complete or any(e.path.startswith(f"{SCANS}/{profile.name}/") for e in left):
                why = "its earlier scans are not all loaded yet, so nothing was fetched; run again"
                run.report.failed.append((profile.address, why))
                return rounds
            done = fetch_from_source(settings, inbox, profile, history, run.progress, force, gone)
            rounds.append(done)
            left = _load_inbox(run, inbox, ledger)
            if not (done.gone or done.replaced):
                break
            force, gone = False, gone | done.gone
        _report(run, rounds)
    return rounds


def _load_inbox(run: "Run", inbox: Inbox, ledger: "list[FileRow] | None" = None) -> list[Entry]:
    """Load the inbox; return the entries that are left there."""
    entries = _entries(inbox)
    if not entries:
        return []
    wanted = [(entry, recognize(entry.path)) for entry in entries]
    selected = [
        entry
        for entry, recognized in wanted
        if recognized is not None and run.selection.selects(recognized[0].name, recognized[1])
    ]
    run.load(inbox.store, selected, fetched=True, ledger=ledger)
    return _entries(inbox)


def _entries(inbox: Inbox) -> list[Entry]:
    """Return the entries of the inbox; all must be readable, since an unreadable scan record would count as missing.

    Raises:
        UnlistedEntryError: an entry cannot be read.
    """
    listing = inbox.store.listing()
    for entry in listing.left_out:
        if entry.may_hide_files:
            raise UnlistedEntryError(str(inbox.root), entry)
    return listing.entries


def _known(run: "Run", profile: str) -> "tuple[SourceHistory, list[FileRow]]":
    """Return the history of a profile, and the ledger rows of fetched files; only the holder of the lock adds rows."""
    from vsf_assets.warehouse.ledger import read_files

    with run.warehouse.read("reading what was fetched") as connection:
        if connection is None:
            return SourceHistory(), []
        feeds = [feed.name for feed in all_feeds().values() if feed.is_fetched]
        rows = read_files(connection, "list_contains(?, feed)", (feeds,))
        return read_history(connection, run.warehouse.settings, profile), rows


def _report(run: "Run", rounds: list[RoundReport]) -> None:
    """Report the objects that could not be fetched, with the reason of the last round that tried."""
    failed: dict[str, str] = {}
    for done in rounds:
        failed.update(done.failed)
        for name in done.fetched:
            failed.pop(name, None)
    last = rounds[-1]
    for name in last.replaced:
        failed[shown(last.profile, name)] = "it was replaced again and again while it was fetched"
    for name in last.gone:
        failed[shown(last.profile, name)] = "the source says that it is there, but does not hand it out"
    run.report.failed += sorted(failed.items())
