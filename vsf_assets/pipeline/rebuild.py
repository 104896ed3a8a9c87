"""Builds a new warehouse from the archive beside the old one, and swaps it in.

Here: the order of the steps, and what the old warehouse must allow. Not here: building and publishing in a home that
goes on (build.py), and replacing a warehouse (warehouse/forms/). May not import Dagster.
"""

from datetime import UTC, datetime

from vsf_assets.common.errors import VsfError
from vsf_assets.landing.home_marker import refuse_foreign
from vsf_assets.pipeline.build import BuildReport, Progress, publish_build, table_infos
from vsf_assets.publish.empty_mart_check import conditions, refuse_empty_tables
from vsf_assets.publish.first_snapshots import assign_first_snapshot, read_first_snapshots, restore_first_snapshots
from vsf_assets.publish.publish import newest_number, row_counts
from vsf_assets.runs.published_files import PublishedFile
from vsf_assets.storage.factory import open_store
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import record_build
from vsf_assets.transform.dbt_paths import manifest_file
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.ledger import has_ledger, read_files


def rebuild(warehouse: Warehouse, run_id: str, progress: Progress = lambda _: None) -> BuildReport:
    """Build a new warehouse from the archive beside the old one, and replace the old one if all checks pass.

    The old one may have another form: so a home moves from one form to another.

    Raises:
        EmptyTablesError: a mart is empty although the raw tables hold rows for it; the old warehouse stays.
        VsfError: the archive does not hold every original (VSF_AFTER_LOAD=delete), or is damaged; or the landing
            zone, whose loaded files are archived first, belongs to another home.
    """
    from vsf_assets.ingest.session import ingest_archive

    settings = warehouse.settings
    refuse_foreign(settings)
    report = BuildReport(lake=settings.lake)
    with warehouse.lock("rebuild"), warehouse.lock_of_others("rebuild"):
        earlier, beside = warehouse.earlier(), warehouse.beside()
        _refuse_missing_originals(earlier)
        ingest_archive(beside, run_id, progress)
        newest = newest_number(settings)
        with beside.connect_with_tables() as connection:
            restore_first_snapshots(connection, settings.home, _first_snapshots_of(earlier))
            assign_first_snapshot(connection, settings.home, newest + 1, newest)
        beside = beside.pinned()
        delivered = beside.form.delivered
        progress("building the marts and checking them (dbt)")
        report.outcome = dbt.build(beside, full=True)
        report.tables = table_infos(beside, report.outcome.built)
        if report.problems:
            return report
        report.number = newest + 1
        with beside.connect() as connection:
            record_build(
                connection, settings, report.number, run_id, datetime.now(UTC), report.outcome.to_keep, delivered
            )
            beside.checkpoint(connection)
            refuse_empty_tables(connection, row_counts(connection, delivered), conditions(manifest_file(settings.home)))
        published = warehouse.replace_with(beside)
        progress(f"publishing snapshot {report.number}")
        report.snapshot = publish_build(published, report.number, progress)
    return report


def _first_snapshots_of(warehouse: Warehouse | None) -> list[PublishedFile]:
    """Return what the warehouse knows of published files; none if it is damaged, or of an earlier release."""
    import duckdb

    if warehouse is None:
        return []
    try:
        with warehouse.connect(read_only=True) as connection:
            return read_first_snapshots(connection)
    except (duckdb.Error, VsfError):
        return []


def _refuse_missing_originals(warehouse: Warehouse | None) -> None:
    """Refuse a rebuild if the archive lacks an original of the old ledger, provided that the ledger can be read.

    A run archives a stored file only after it has released the lock, so loaded files in the landing zone are archived
    first.
    """
    from vsf_assets.archive.changed_originals import refile_changed, to_recheck
    from vsf_assets.ingest.session import file_known

    if warehouse is None:
        return
    try:
        with warehouse.connect() as connection:
            files = read_files(connection) if has_ledger(connection) else []
    except VsfError:
        return  # the old warehouse is damaged, which may be the reason for the rebuild
    settings = warehouse.settings
    archive = open_store(settings.archive)
    file_known(settings, files)
    # Originals that were written to after they were loaded are renamed here.
    changed = {c.row.archive_path for c in refile_changed(to_recheck(files, settings, datetime.now(UTC)), settings)}
    there = archive.present({row.archive_path for row in files})
    missing = [row.archive_path for row in files if row.archive_path not in there | changed]
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise VsfError(
            f"{len(missing)} originals that the warehouse knows are not in the archive ({shown}); restore them"
            " (what was loaded with VSF_AFTER_LOAD=delete has none),"
            f" or, to do without their rows, move {warehouse.form.place} away and rebuild again"
        )
