"""`vsf status`: every file with its state, pending work, the current snapshot, the service, and what needs a person.

Here: the list of files and the options. Not here: the summary (status_summary.py), reading the ledger
(status_ledger.py), and gathering the rest
(pipeline/home_status.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.cli.catalog_source import SourceStatus, source_status
from vsf_assets.cli.existing_home import refuse_missing_home
from vsf_assets.cli.output import format_option, hand_over, render, say
from vsf_assets.cli.status_ledger import Ledger, read_ledger
from vsf_assets.cli.status_summary import size_of, summary_lines
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.feeds.by_family.synthetic import REQUEST_FEED
from vsf_assets.landing.home_marker import foreign
from vsf_assets.landing.pending import Ambiguous, Queue, ambiguous_lines, classify_landed
from vsf_assets.pipeline.home_status import HomeStatus, add_waiting, gather
from vsf_assets.pipeline.synthetic_states import states_now
from vsf_assets.snapshots.current import shares_blocks
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import LeftOut, Listing, count_line, lines
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.ledger import LedgerKey

if TYPE_CHECKING:
    from vsf_assets.pipeline.synthetic_queue import RequestRow

COLUMNS = ("feed", "partition_key", "file_name", "status", "lines_read", "rows_loaded", "rows_quarantined", "landed_at")
FOR_PROGRAMS = (*COLUMNS, "why_not_in_snapshot")
SHOWN = 50
LEFT_OUT_COLUMNS = ("path", "kind", "reason", "what_to_do", "is_error")


@click.command("status")
@format_option
@click.option("--all", "everything", is_flag=True, help=f"list every loaded file, not only the last {SHOWN}")
@click.option(
    "--left-out",
    "only_left_out",
    is_flag=True,
    help="entries of the landing zone that are not loaded, and why",
)
@click.option(
    "--summary",
    "only_summary",
    is_flag=True,
    help="only the service, the runs, what is not in the snapshot and why, and the disk",
)
def command(form: str, everything: bool, only_left_out: bool, only_summary: bool) -> None:
    """Show every file: pending, loaded, duplicate_file, unreadable, unknown or ambiguous; and the snapshot.

    A request for a made-up file shows its own state: queued, processing, ready, replaced, failed or deleted. Below the
    files: the service, what runs now, what is not in the snapshot and why, and the disk.

    Exit code 1 if something needs a person: the last build failed, a part of the running service does not answer, an
    entry cannot be read, or the landing zone belongs to another home. Otherwise 0, also if the service does not run.
    """
    settings = read_settings()
    refuse_missing_home(settings)
    if (refusal := foreign(settings)) is not None:
        say(f"vsf: {refusal}", err=True)
    listing = open_store(settings.landing).listing()
    problems: list[str] = []
    if only_left_out:
        hand_over(_left_out_table(listing.left_out, form), form)
    else:
        status, found = gather(settings), _survey(settings, listing)
        add_waiting(status, settings, found.landed, found.ledger.not_in_snapshot)
        problems = status.problems
        show = _show_summary if only_summary else _show_files
        show(settings, status, found, form, everything)
        if listing.left_out:  # programs read only the rows
            say(count_line(listing.left_out), err=form != "table")
    errors = [entry for entry in listing.left_out if entry.is_error]
    # A table has the problems in its lines.
    for line in (*(problems if form != "table" else ()), *lines(errors)):
        say(f"vsf: {line}", err=True)
    if errors or problems or refusal is not None:
        raise SystemExit(1)


def _left_out_table(left_out: Sequence[LeftOut], form: str) -> str:
    """Return the entries that a listing left out, one per row."""
    if form == "table":
        return "\n".join(f"{entry.kind}: {entry.line}" for entry in left_out) or "nothing is left out"
    rows = [(e.path, e.kind, e.reason, e.advice, e.is_error) for e in left_out]
    return render(LEFT_OUT_COLUMNS, rows, form)


@dataclass(frozen=True)
class _Survey:
    """What `vsf status` read of the landing zone and the warehouse, or the snapshot in place of it."""

    ledger: Ledger
    queue: Queue
    waiting: list[tuple[Any, ...]]
    source: SourceStatus
    landed: list[tuple[str, str, datetime, bool]]


def _survey(settings: Settings, listing: Listing) -> _Survey:
    """Compare the listing with the ledger."""
    ledger = read_ledger(settings)
    known = {_key(row) for row in ledger.rows}
    queue = classify_landed(listing.entries, known)
    inbox = classify_landed(FolderStore(settings.fetched).entries(), known, fetched=True)
    new = (*queue.new, *inbox.new)
    waiting: list[tuple[Any, ...]] = [
        (item.feed.name, item.partition, item.entry.path, "pending", None, None, None, item.entry.modified)
        for item in new
    ]
    source = source_status(settings, ledger.history)
    waiting += [
        (OBJECTS, settings.profile, name, "pending", None, None, None, first_seen_at)
        for name, first_seen_at in source.to_fetch.items()
    ]
    landed = [(item.feed.name, item.entry.path, item.entry.modified, item.entry.has_done) for item in new]
    return _Survey(ledger, queue, waiting, source, landed)


def _show_summary(settings: Settings, status: HomeStatus, found: _Survey, form: str, _: bool) -> None:
    """Print the state of the home without its files; JSON is one object, CSV a row for each file that waits."""
    if form == "json":
        size, is_complete = size_of(settings.home)
        disk: dict[str, Any] = {"home_bytes": size, "home_bytes_is_lower_bound": not is_complete}
        disk["snapshots_share_blocks"] = shares_blocks(settings)
        text = status.as_json()
        text["disk"] |= disk
        hand_over(json.dumps(text, indent=2), form)
        return
    if form == "csv":
        rows = [(file.feed, file.name, "loaded" if file.is_loaded else "landed", file.why) for file in status.waiting]
        hand_over(render(("feed", "file_name", "status", "why_not_in_snapshot"), rows, form), form)
        return
    say(f"snapshot: {status.snapshot or 'none yet'}")
    for line in summary_lines(status, settings, found.ledger.is_complete):
        say(line)


def _show_files(settings: Settings, status: HomeStatus, found: _Survey, form: str, everything: bool) -> None:
    """Print every file with its state."""
    ledger, queue, waiting, source = found.ledger, found.queue, found.waiting, found.source
    requests = {(row.name, row.requested_at.replace(tzinfo=UTC)): row for row in states_now(settings, ledger.requests)}
    unknown = [(None, None, e.path, "unknown", None, None, None, e.modified) for e in queue.unknown]
    unknown += [_ambiguous_row(item) for item in queue.ambiguous]
    rows = [_with_state(row[:8], requests) for row in ledger.rows] + waiting + unknown
    if form != "table":
        why = {(file.feed, file.name): file.why for file in status.waiting}
        hand_over(render(FOR_PROGRAMS, [(*row, why.get((row[0], row[2]))) for row in rows], form), form)
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
    counts = {"pending": len(waiting), "unknown": len(queue.unknown), "ambiguous": len(queue.ambiguous)}
    pending = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what != "ambiguous")
    say(f"\nsnapshot: {status.snapshot or 'none yet'}; {pending}; read from {ledger.origin}")
    for line in summary_lines(status, settings, ledger.is_complete):
        say(line)
    if source.line:
        say(source.line)
    for line in ledger.outdated.announcement:
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


def _with_state(row: tuple[Any, ...], requests: "Mapping[tuple[str, datetime], RequestRow]") -> tuple[Any, ...]:
    """Return a row of a file; of a loaded request with the request's state."""
    request = requests.get((row[1], row[7])) if row[0] == REQUEST_FEED and row[3] == "loaded" else None
    return (*row[:3], request.state, *row[4:]) if request is not None else row


def _print_requests(requests: "Iterable[RequestRow]") -> None:
    for request in requests:
        if request.state in ("processing", "failed") and request.reason:
            say(f"made-up file {request.target}: {request.state}: {request.reason}")


def _key(row: tuple[Any, ...]) -> LedgerKey:
    return (row[0], row[1], row[2], row[8], row[7])
