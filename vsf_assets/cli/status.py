"""`vsf status`: every file with its state, pending work, and the current snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.archive.outdated_originals import Outdated, outdated_files, split_outdated
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.cli.catalog_source import source_status
from vsf_assets.cli.output import format_option, hand_over, render, say
from vsf_assets.cli.query import refuse_missing_home
from vsf_assets.common.errors import LockTimeoutError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.feeds.by_family.synthetic import REQUEST_FEED
from vsf_assets.landing.home_marker import foreign
from vsf_assets.landing.pending import Ambiguous, Queue, ambiguous_lines, classify_landed
from vsf_assets.pipeline.synthetic_fulfilment import states_now
from vsf_assets.pipeline.synthetic_queue import NOTHING, KnownRequests, RequestRow, read_known
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import LeftOut, Listing, count_line, lines
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets.warehouse.ledger import LedgerKey

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("feed", "partition_key", "file_name", "status", "lines_read", "rows_loaded", "rows_quarantined", "landed_at")
SHOWN = 50
LEFT_OUT_COLUMNS = ("path", "kind", "reason", "what_to_do", "is_error")
_SQL = (
    "select feed, partition_key, file_name, status, lines_read, rows_loaded, rows_quarantined, landed_at, bytes"
    " from {}.files order by landed_at, file_name, feed"
)


@click.command("status")
@format_option
@click.option("--all", "everything", is_flag=True, help=f"list every loaded file, not only the last {SHOWN}")
@click.option(
    "--left-out",
    "only_left_out",
    is_flag=True,
    help="entries of the landing zone that are not loaded, and why",
)
def command(form: str, everything: bool, only_left_out: bool) -> None:
    """Show every file: pending, loaded, duplicate_file, unreadable, unknown or ambiguous; and the snapshot.

    A request for a made-up file shows its own state: queued, processing, ready, replaced, failed or deleted.
    """
    settings = read_settings()
    refuse_missing_home(settings)
    if (refusal := foreign(settings)) is not None:
        say(f"vsf: {refusal}", err=True)
    listing = open_store(settings.landing).listing()
    if only_left_out:
        hand_over(_left_out_table(listing.left_out, form), form)
    else:
        _show_files(settings, listing, form, everything)
        if listing.left_out:  # programs read only the rows
            say(count_line(listing.left_out), err=form != "table")
    errors = [entry for entry in listing.left_out if entry.is_error]
    for line in lines(errors):
        say(f"vsf: {line}", err=True)
    if errors or refusal is not None:
        raise SystemExit(1)


def _left_out_table(left_out: Sequence[LeftOut], form: str) -> str:
    """Return the entries that a listing left out, one per row."""
    if form == "table":
        return "\n".join(f"{entry.kind}: {entry.line}" for entry in left_out) or "nothing is left out"
    rows = [(e.path, e.kind, e.reason, e.advice, e.is_error) for e in left_out]
    return render(LEFT_OUT_COLUMNS, rows, form)


def _show_files(settings: Settings, listing: Listing, form: str, everything: bool) -> None:
    """Print every file with its state."""
    ledger, history, origin, made, outdated = _ledger(settings)
    requests = {(row.name, row.requested_at.replace(tzinfo=UTC)): row for row in states_now(settings, made)}
    known = {_key(row) for row in ledger}
    queue = classify_landed(listing.entries, known)
    inbox = classify_landed(FolderStore(settings.fetched).entries(), known, fetched=True)
    waiting: list[tuple[Any, ...]] = [
        (item.feed.name, item.partition, item.entry.path, "pending", None, None, None, item.entry.modified)
        for item in (*queue.new, *inbox.new)
    ]
    source = source_status(settings, history)
    waiting += [
        (OBJECTS, settings.profile, name, "pending", None, None, None, first_seen_at)
        for name, first_seen_at in source.to_fetch.items()
    ]
    unknown = [(None, None, e.path, "unknown", None, None, None, e.modified) for e in queue.unknown]
    unknown += [_ambiguous_row(item) for item in queue.ambiguous]
    rows = [_with_state(row[:8], requests) for row in ledger] + waiting + unknown
    if form != "table":
        hand_over(render(COLUMNS, rows, form), form)
        return
    hidden = 0
    if not everything:
        loaded = [row for row in rows if row[3] in ("loaded", "ready", "replaced", "deleted")]
        hidden = max(0, len(loaded) - SHOWN)
        dropped = {id(row) for row in loaded[:hidden]}
        rows = [row for row in rows if id(row) not in dropped]
    say(render(COLUMNS, rows, form) if rows else "no file was delivered yet; try: vsf demo")
    if hidden:
        say(f"… and {hidden:,} earlier loaded files (vsf status --all)")
    snapshot = current_snapshot(settings)
    counts = {"pending": len(waiting), "unknown": len(queue.unknown), "ambiguous": len(queue.ambiguous)}
    pending = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what != "ambiguous")
    say(f"\nsnapshot: {snapshot.name if snapshot else 'none yet'}; {pending}; read from {origin}")
    if source.line:
        say(source.line)
    for line in outdated.announcement:
        say(line)
    _print_requests(requests.values())
    if any(row[3] == "unreadable" or row[6] for row in rows):
        say('reasons for rows and files that were not loaded: vsf query "from reports.anomalies"')
    _explain_what_stays(queue)


def _explain_what_stays(queue: Queue) -> None:
    for line in ambiguous_lines(queue.ambiguous):
        say(f"ambiguous: {line}")
    if queue.unknown:
        say("unknown files stay in the landing zone; rename them, or: vsf land FEED PATH")


def _ambiguous_row(item: Ambiguous) -> tuple[Any, ...]:
    """Return the row of a file that more than one feed claims, with all of them in place of the feed."""
    feeds = ", ".join(feed.name for feed in item.feeds)
    return (feeds, None, item.entry.path, "ambiguous", None, None, None, item.entry.modified)


def _with_state(row: tuple[Any, ...], requests: Mapping[tuple[str, datetime], RequestRow]) -> tuple[Any, ...]:
    """Return a row of a file; of a loaded request with the request's state."""
    request = requests.get((row[1], row[7])) if row[0] == REQUEST_FEED and row[3] == "loaded" else None
    return (*row[:3], request.state, *row[4:]) if request is not None else row


def _print_requests(requests: Iterable[RequestRow]) -> None:
    for request in requests:
        if request.state in ("processing", "failed") and request.reason:
            say(f"made-up file {request.target}: {request.state}: {request.reason}")


def _key(row: tuple[Any, ...]) -> LedgerKey:
    return (row[0], row[1], row[2], row[8], row[7])


def _outdated(connection: "DuckDBPyConnection", settings: Settings) -> Outdated:
    """Return the originals that the next run reads again, and those that it cannot read."""
    from vsf_assets.warehouse.ledger import read_files

    versions = contract_versions(settings)
    # Do not fetch a long ledger if all its files were read with the current contracts.
    current = [] if versions.encodings else list(versions.by_feed.values())
    found = outdated_files(read_files(connection, "not list_contains(?, contract_version)", (current,)), versions)
    return split_outdated(found, open_store(settings.archive).present({row.archive_path for row in found}))


def _ledger(settings: Settings) -> tuple[list[tuple[Any, ...]], SourceHistory, str, KnownRequests, Outdated]:
    """Return the ledger's rows in landing order, the history of the catalog's source, and where they were read.

    Also return the known requests for made-up files, and the originals that were read with outdated contracts.
    """
    from dataclasses import replace

    import duckdb

    from vsf_assets.warehouse.connection import Warehouse
    from vsf_assets.warehouse.ledger import has_ledger

    def rows_of(connection: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[Any, ...]]:
        found = connection.execute(_SQL.format(schema)).fetchall()
        return [(*row[:7], row[7].replace(tzinfo=UTC), row[8]) for row in found]

    if not settings.warehouse_file.parent.is_dir():  # the lock would make it
        return [], SourceHistory(), "the warehouse", NOTHING, Outdated()
    try:
        with Warehouse.of(replace(settings, lock_wait_seconds=0)).read("status") as connection:
            ready = connection is not None and has_ledger(connection)
            if not ready or connection is None:
                return [], SourceHistory(), "the warehouse", NOTHING, Outdated()
            history = read_history(connection, settings, settings.profile)
            known, outdated = read_known(connection), _outdated(connection, settings)
            return rows_of(connection, "raw"), history, "the warehouse", known, outdated
    except LockTimeoutError:
        opened = connect_current(settings)
        if opened is None:
            return (
                [],
                SourceHistory(),
                "nowhere: the warehouse is in use and there is no snapshot yet",
                NOTHING,
                Outdated(),
            )
        snapshot, connection = opened
        with connection:
            history = read_history(connection, settings, settings.profile)
            origin = f"snapshot {snapshot.name}, because the warehouse is in use"
            known, outdated = read_known(connection), _outdated(connection, settings)
            return rows_of(connection, "reports"), history, origin, known, outdated
