"""Builds, checks and publishes while it holds the lock once.

Here: the order of the steps, and the state after a failure. Not here: the steps (transform/, publish/), and a new
warehouse (rebuild.py). Dagster, the sensors and the command line all call these functions. May not import Dagster.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vsf_assets.archive.archive_file import refuse_lost_warehouse
from vsf_assets.feeds import all_feeds
from vsf_assets.publish.empty_mart_check import EmptyTablesError
from vsf_assets.publish.first_snapshots import (
    assign_first_snapshot,
    mark_published,
    record_first_snapshots,
)
from vsf_assets.publish.publish import newest_number, publish, row_counts
from vsf_assets.runs.published_files import PublishedFile
from vsf_assets.snapshots.current import Snapshot, current_snapshot, snapshot_number
from vsf_assets.storage.factory import open_store
from vsf_assets.transform import dbt_process
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import forget_models, read_build_state, record_build
from vsf_assets.warehouse.connection import Warehouse

Progress = Callable[[str], None]
PREVIEW_ROWS = 10


@dataclass
class BuildReport:
    """The report of a build.

    Attributes:
        outcome: dbt's outcome; None if no build was needed.
        snapshot: the published snapshot, or None.
        number: number of the build.
        changed: feeds with deliveries since the build before.
        tables: `schema.name` -> the stored table after the build.
        lake: folder of the data files of snapshots, by the settings.
    """

    outcome: dbt.DbtOutcome | None = None
    snapshot: Snapshot | None = None
    number: int = 0
    changed: frozenset[str] = frozenset()
    tables: dict[str, "TableInfo"] = field(default_factory=dict)
    lake: str = ""

    @property
    def problems(self) -> list[str]:
        """The reasons why no snapshot was published, one line each."""
        if self.outcome is None:
            return []
        blocking = [f"{check.name}: {check.message}. Rule: {check.rule}" for check in self.outcome.blocking]
        return [*self.outcome.errors, *blocking]


@dataclass(frozen=True)
class TableInfo:
    """A stored table: row count, (column, type) pairs, and, if the build made it, some of its rows."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    preview: list[tuple[Any, ...]]


def build_and_publish(
    warehouse: Warehouse,
    run_id: str,
    only_if_pending: bool = False,
    progress: Progress = lambda _: None,
    full: bool = False,
    on_build: Callable[[str], None] = lambda _: None,
) -> BuildReport:
    """Build the marts, check, and publish; after any failure the earlier snapshot stays current.

    Args:
        warehouse: the warehouse; its lock is held from the build until the pointer has moved.
        run_id: recorded with the build.
        only_if_pending: build only the families with deliveries newer than the snapshot, or none.
        progress: receives a message for each step.
        full: fully refresh every mart and check all its rows, as after a change of the models or contracts.
        on_build: receives the basis of the build (BuildState.basis) before it starts; is not called if none is needed.

    Returns:
        A report; `problems` holds the reasons if no snapshot was published.

    Raises:
        LockTimeoutError, EmptyTablesError, VsfError, OSError: a step failed.
    """
    settings = warehouse.settings
    report = BuildReport(lake=warehouse.settings.lake)
    with warehouse.lock("build and publish") as lock:
        warehouse = warehouse.pinned()
        with warehouse.connect_with_tables() as connection:
            delivered = warehouse.form.delivered
            state = read_build_state(connection, settings, delivered)
            files = connection.execute(f"select count(*) from {delivered}raw.files").fetchall()[0][0]  # noqa: S608
        archive, landing = open_store(settings.archive), open_store(settings.landing)
        refuse_lost_warehouse(archive, landing, lambda: not files and _ledger_is_empty(warehouse))
        report.number, report.changed = state.number, state.changed
        published: list[PublishedFile] | None = None
        full = full or not state.is_same_project
        if full or not (only_if_pending and state.is_current):
            select = () if full or not only_if_pending else _models_of(state.changed)
            on_build(state.basis)
            number = _assigned_number(warehouse, state.number)
            progress("building the marts and checking them (dbt)")
            report.outcome = dbt_process.build(warehouse, select, full, lock)
            report.tables = table_infos(warehouse, report.outcome.built)
            if report.problems:
                return report
            report.number = number
            with warehouse.connect() as connection:
                record_build(connection, settings, number, run_id, datetime.now(UTC), report.outcome.to_keep, delivered)
                published = mark_published(connection, settings.home, number)
        if snapshot_number(current_snapshot(settings)) != report.number:
            progress(f"publishing snapshot {report.number}")
            report.snapshot = publish_build(warehouse, report.number, progress, published)
        warehouse.remember_tables()
    return report


def _ledger_is_empty(warehouse: Warehouse) -> bool:
    """Whether no delivery is stored by now, also none after the version that a build reads."""
    with warehouse.connect() as connection:
        found: list[tuple[int]] = connection.execute("select 1 from raw.files limit 1").fetchall()
        return not found


def _assigned_number(warehouse: Warehouse, built: int) -> int:
    """Return the number of the coming snapshot, after giving it to the files that no snapshot holds."""
    newest = newest_number(warehouse.settings)
    number = max(built, newest) + 1
    with warehouse.connect() as connection:
        assign_first_snapshot(connection, warehouse.settings.home, number, newest, warehouse.form.delivered)
    return number


def publish_build(
    warehouse: Warehouse, number: int, progress: Progress, files: list[PublishedFile] | None = None
) -> Snapshot:
    """Publish; if a mart lacks its rows, the earlier snapshot stays and the next build is a full refresh."""
    home = warehouse.settings.home
    if files is None:  # the build was recorded before; opening the file again would cost as much as the rest
        with warehouse.connect() as connection:
            files = mark_published(connection, home, number)
    try:
        snapshot = publish(warehouse, number, progress)
    except EmptyTablesError:
        with warehouse.connect() as connection:
            forget_models(connection)
        raise
    record_first_snapshots(home, files, progress)
    return snapshot


def _models_of(feeds: Collection[str]) -> list[str]:
    """Return dbt's selectors for some feeds: their models, reports and tests, and those of the ledger.

    A report of one subject, such as the volumes of mobile analytics, is the same as long as no feed of it changed.

    Selectors are dbt's dotted names (the folders below models/ or tests/); they are faster than selectors by path,
    which dbt compares with the path of every node.
    """
    folders = dict.fromkeys(feed.models for name, feed in all_feeds().items() if name in feeds)
    names = ["intermediate.ledger", "reports.ledger", "reports.findings", "ledger"]
    for folder in folders:
        names += [f"intermediate.{folder}", f"marts.{folder}", f"reports.{folder}", folder]
    return [f"fqn:vsf.{name}" for name in names]


def build_some(warehouse: Warehouse, select: Sequence[str]) -> BuildReport:
    """Build some models and their tests without publishing; the next full build covers the other models."""
    with warehouse.lock("build of some models"):
        warehouse = warehouse.pinned()
        with warehouse.connect_with_tables():
            pass
        outcome = dbt.build(warehouse, select)
        return BuildReport(outcome, tables=table_infos(warehouse, outcome.built), lake=warehouse.settings.lake)


def table_infos(warehouse: Warehouse, built: Collection[str]) -> dict[str, TableInfo]:
    """Return count and columns of every stored table, and a preview of the built ones; the caller holds the lock."""
    columns: dict[str, list[tuple[str, str]]] = {}
    with warehouse.connect(read_only=True) as connection:
        listed = connection.execute(
            "select table_schema || '.' || table_name, column_name, lower(data_type) from information_schema.columns"
            " where table_catalog = current_database() order by ordinal_position"
        ).fetchall()
        for table, column, data_type in listed:
            columns.setdefault(table, []).append((column, data_type))
        return {
            table: TableInfo(
                rows,
                tuple(columns[table]),
                connection.table(table).limit(PREVIEW_ROWS).fetchall() if table in built else [],
            )
            for table, rows in row_counts(connection, warehouse.form.delivered).items()
        }
