"""`vsf run`: ingest pending files, build, check and publish, through the Dagster assets."""

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.archive.outdated_originals import Outdated
from vsf_assets.cli.catalog_source import add_fetched_family
from vsf_assets.cli.output import render, say, say_ignored_dagster_home, show_progress
from vsf_assets.common.errors import UsageError
from vsf_assets.common.interpreter_tricks import garbage_left_to_exit
from vsf_assets.common.processes import is_there
from vsf_assets.config.catalog_profiles import choose
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.config.surroundings import surroundings
from vsf_assets.feeds import all_feeds, no_such_feed, with_companions
from vsf_assets.feeds.partitioning import Partitioning
from vsf_assets.landing.pending import ambiguous_lines
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.requested_work import WorkReport, requested_work
from vsf_assets.pipeline.run_log import LOGGER
from vsf_assets.pipeline.status import Survey, survey
from vsf_assets.resources.run_handover import read_spare
from vsf_assets.resources.work_handover import work_in_spare
from vsf_assets.storage.listing import LeftOut, lines
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow


@click.command("run")
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="only this feed (repeatable)")
@click.option("--partition", metavar="KEY", help="only files of this partition")
@click.option("--from", "first", metavar="A", help="only partitions from this one on")
@click.option("--to", "last", metavar="B", help="only partitions up to this one")
@click.option("--profile", metavar="NAME", help="profile of sources.toml to scan (default: VSF_PROFILE)")
@click.option("--force", is_flag=True, help="read archived files of the selection again, and replace their rows")
@click.option("--full", is_flag=True, help="fully refresh every mart for all days, and run every check for all days")
def command(
    feeds: tuple[str, ...],
    partition: str | None,
    first: str | None,
    last: str | None,
    profile: str | None,
    force: bool,
    full: bool,
) -> None:
    """Ingest pending files and fetch the catalog's objects, then build the dependent tables and publish a snapshot."""
    settings = read_settings()
    if profile is not None:
        choose(settings.profiles, profile, "--profile")
        settings = replace(settings, profile=profile)
    selection = replace(make_selection(feeds, partition, first, last, force), profile=settings.profile)
    if not run(settings, selection, full, reports_left_out=True):
        raise SystemExit(1)


def make_selection(
    feeds: tuple[str, ...], partition: str | None, first: str | None, last: str | None, force: bool
) -> Selection:
    """Return the selection of the options.

    Raises:
        UsageError: an unknown feed or partition, or options that exclude each other.
    """
    known = all_feeds()
    for name in feeds:
        if name not in known:
            raise UsageError(no_such_feed(name))
    chosen = with_companions(feeds) if feeds else tuple(known)
    # Any text may be the name of a dataset or a request; a mistyped day must not match one.
    kinds = {
        kind
        for kind in (known[name].partitioning for name in chosen)
        if kind.can_be_requested and (feeds or not kind.is_named_by_senders)
    }
    _check_keys(kinds, partition, first, last)
    partitions = [partition] if partition is not None else None
    return Selection(chosen, partitions, "all" if force else "changed", first, last)


def _check_keys(kinds: set[Partitioning], partition: str | None, first: str | None, last: str | None) -> None:
    """Raise UsageError for keys that no chosen feed has, and for options that exclude each other."""
    if partition is not None and (first is not None or last is not None):
        raise UsageError("--partition and --from/--to exclude each other")
    for key in (partition, first, last):
        if key is not None and not any(kind.accepts(key) for kind in kinds):
            choices = " or ".join(sorted(f"a {kind.noun} ({kind.choices})" for kind in kinds))
            raise UsageError(f"no chosen feed has a partition {key}; it must be {choices or 'omitted: they have none'}")
    if first is not None and last is not None and not any(k.accepts(first) and k.accepts(last) for k in kinds):
        raise UsageError(f"--from {first} and --to {last} are not partitions of one feed")
    if first is not None and last is not None and first > last:
        raise UsageError(f"--from {first} is after --to {last}")


def run(
    settings: Settings,
    selection: Selection,
    full: bool = False,
    reports_left_out: bool = False,
    by_feed: bool = False,
) -> bool:
    """Do all pending work of a selection.

    Args:
        settings: paths and limits.
        selection: the selected feeds, partitions and originals.
        full: fully refresh every mart.
        by_feed: print a line per feed and not per file.
        reports_left_out: print what a listing of the landing zone left out; unreadable entries count as a failure.

    Returns:
        Whether everything went well.
    """
    with show_progress(by_file=not by_feed) as progress, _dbt_beside(settings):
        found = survey(settings, Warehouse.of(settings, progress.info), settings.profile)
        chosen = [row for row in found.contract_changed if selection.selects(row.feed, row.partition_key)]
        for line in Outdated(again=chosen).announcement:
            progress.info(line)
        for line in ambiguous_lines([i for i in found.queue.ambiguous if selection.selects_any(i.feeds)]):
            say(f"vsf: left in the landing zone: {line}", err=True)
        families = found.families(selection)
        unreachable = add_fetched_family(settings, selection, found, families)
        good = not unreachable
        if families or full or found.needs_build or found.needs_publish or found.requests:
            selection = replace(selection, scans=selection.scans and not unreachable)
            small = sum(entry.size for entry in found.landed.entries.values()) < SMALL_BYTES
            with garbage_left_to_exit() if small else nullcontext():
                good = _execute(settings, selection, families, found, full, by_feed) and good
        else:
            say(_nothing(found))
        if unreachable:
            say(f"vsf: {unreachable}", err=True)
        return report_left_out(found.left_out) and good if reports_left_out else good


def _dbt_beside(settings: Settings) -> AbstractContextManager[None]:
    """Let dbt be imported beside the survey already, if files wait in a folder and no spare process will do the work.

    Where the survey then finds that there is nothing to do, the process has only begun, and ends.
    """
    spare = read_spare(settings.home)
    if is_address(settings.landing) or not _has_files(settings.landing) or (spare and is_there(spare.pid)):
        return nullcontext()
    from vsf_assets.transform.dbt_process import dbt_in_advance
    from vsf_assets.transform.dbt_runner import is_parsed

    return dbt_in_advance(settings) if is_parsed(settings) else nullcontext()


def _has_files(folder: str) -> bool:
    return any(not name.startswith(".") for _, _, names in os.walk(folder) for name in names)


def report_left_out(left_out: Sequence[LeftOut]) -> bool:
    """Print the entries that were left out, with the remedy; return whether every entry could be read."""
    for line in lines(left_out):
        say(f"vsf: {line}", err=True)
    return not any(entry.is_error for entry in left_out)


def _nothing(found: Survey) -> str:
    name = found.snapshot.name if found.snapshot else "none yet"
    count = len(found.queue.unknown)
    unknown = f"; unknown files that stay in the landing zone: {count} (see vsf status)" if count else ""
    return f"nothing is pending; snapshot: {name}{unknown}"


SMALL_BYTES = 64 << 20
"""Below this size of landed files the process exits without collecting garbage: half of a small run is imports."""


def _execute(
    settings: Settings, selection: Selection, families: list[str], found: Survey, full: bool, by_feed: bool
) -> bool:
    """Have the work done, and print what came out; return whether every run succeeded."""
    from vsf_assets.transform.dbt_runner import ensure_manifest

    ensure_manifest(settings)  # first: a spare process with earlier models refuses the work
    say_ignored_dagster_home(settings)
    report = _done(settings, selection, families, found, full)
    _summarize(settings, report.run_ids, report.checks, by_feed)
    for line in report.failed:
        say(f"vsf: {line}", err=True)
    return not report.failed


def _done(settings: Settings, selection: Selection, families: list[str], found: Survey, full: bool) -> WorkReport:
    """Have the spare process of the service do the work, which is ready to, or do it here."""
    wanted = requested_work(selection, families, found.landed, bool(found.requests), full)
    done = work_in_spare(settings.home, surroundings(settings), asdict(wanted), _log)
    if done is not None:
        return WorkReport(**done)
    from vsf_assets.transform.dbt_process import dbt_in_advance

    with dbt_in_advance(settings):
        from vsf_assets.definitions import defs
        from vsf_assets.defs.requested_work import do_work

        return do_work(defs(), settings, wanted)


def _log(answer: Mapping[str, Any]) -> None:
    """Show a message of the spare process as one of this process."""
    logging.getLogger(LOGGER).info("%s", answer["log"], extra={"for_people": answer.get("for_people", False)})


def _by_feed(rows: "Sequence[FileRow]") -> str:
    """Return a table of files and rows by feed, without the feeds that the platform writes."""
    names = ("feed", "files", "loaded", "duplicate_file", "unreadable", "rows loaded", "rows quarantined")
    cells = []
    for feed in all_feeds().values():
        files = [row for row in rows if row.feed == feed.name]
        if files and not feed.is_written_by_platform:
            states = [sum(row.status == state for row in files) for state in names[2:5]]
            counts = (sum(row.rows_loaded for row in files), sum(row.rows_quarantined for row in files))
            cells.append((feed.name, len(files), *states, *counts))
    return render(names, cells, "table")


def _summarize(settings: Settings, run_ids: list[str], checks: list[str], by_feed: bool) -> None:
    """Print the files of these runs with their states and counts, or with `by_feed` a line per feed."""
    from vsf_assets.snapshots.current import current_snapshot
    from vsf_assets.warehouse.ledger import read_files

    with Warehouse.of(settings).read("summary") as connection:
        rows = read_files(connection, "list_contains(?, run_id)", (run_ids,)) if connection else []
    if rows:
        names = ("feed", "partition", "file", "status", "read", "loaded", "quarantined", "blank", "skipped")
        cells = [
            (
                r.feed,
                r.partition_key,
                r.file_name,
                r.status,
                r.lines_read,
                r.rows_loaded,
                r.rows_quarantined,
                r.rows_blank,
                r.rows_skipped,
            )
            for r in rows
        ]
        say(_by_feed(rows) if by_feed else render(names, cells, "table"))
    if any(row.rows_quarantined or row.status != "loaded" for row in rows):
        say('\nreasons for rows and files that were not loaded: vsf query "from reports.anomalies"')
    for line in checks:
        say(line)
    snapshot = current_snapshot(settings)
    say(f"snapshot: {snapshot.name if snapshot else 'none yet'}")
