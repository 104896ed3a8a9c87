"""The ledger `raw.files`: stores a delivery in one transaction, and lists the stored deliveries.

Here: the transaction that stores a delivery's rows, findings and ledger row, and queries on
`raw.files`. Not here: reading files (ingest/read_file.py) and the archive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import SameInstantError, VsfError
from vsf_assets.storage.archive_names import archive_path
from vsf_assets.warehouse.input_and_result import ReadResult
from vsf_assets.warehouse.writer import Writer

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

LedgerKey = tuple[str, str | None, str, int, datetime]
"""(feed, partition, file name, bytes, landed_at): the fields of a delivery that a listing shows."""

FIELDS = (
    "file_id, feed, partition_key, file_name, sha256, status, bytes, lines_read, rows_loaded, rows_quarantined,"
    " rows_blank, rows_skipped, landed_at, loaded_at, run_id, contract_version, archive_path"
)
NO_COUNTS = dict.fromkeys(("lines_read", "rows_loaded", "rows_quarantined", "rows_blank", "rows_skipped"), 0)


@dataclass(frozen=True)
class FileRow:
    """A row of `raw.files`; times are UTC."""

    file_id: int
    feed: str
    partition_key: str | None
    file_name: str
    sha256: str
    status: str
    bytes: int
    lines_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_blank: int
    rows_skipped: int
    landed_at: datetime
    loaded_at: datetime
    run_id: str
    contract_version: str
    archive_path: str

    @property
    def key(self) -> LedgerKey:
        """The fields of the delivery that a listing shows."""
        return (self.feed, self.partition_key, self.file_name, self.bytes, self.landed_at)

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Sort key of the landing order; the digest decides between equal times and names."""
        return (self.landed_at, self.file_name, self.sha256)


def read_files(connection: "DuckDBPyConnection", where: str = "true", values: tuple[Any, ...] = ()) -> list[FileRow]:
    """Return ledger rows in landing order. `where` is SQL of this package, `values` its parameters."""
    sql = f"select {FIELDS} from raw.files where {where} order by landed_at, file_name, sha256"  # noqa: S608
    return [_file_row(row) for row in connection.execute(sql, values).fetchall()]


def _file_row(row: tuple[Any, ...]) -> FileRow:
    values = dict(zip(FIELDS.replace(" ", "").split(","), row, strict=True))
    for name in ("landed_at", "loaded_at"):
        values[name] = values[name].replace(tzinfo=UTC)
    return FileRow(**values)


def has_ledger(connection: "DuckDBPyConnection") -> bool:
    """Whether the warehouse file has the table of the ledger."""
    sql = "select count(*) from information_schema.tables where table_schema = 'raw' and table_name = 'files'"
    row = connection.execute(sql).fetchone()
    return bool(row and row[0])


def store_results(
    writer: Writer,
    unit: Sequence[ReadResult],
    run_id: str,
    now: datetime,
    contract_version: str,
    commit: Callable[[], object] | None = None,
) -> list[tuple[FileRow, bool]]:
    """Store a file, or the files of an upload, in one transaction.

    Args:
        writer: writes to the open warehouse.
        unit: the read files.
        run_id: id of the run, recorded with each file.
        now: the time, UTC, recorded likewise.
        contract_version: recorded likewise.
        commit: commits the transaction; by default the connection's own commit.

    Returns:
        For each file its ledger row, and whether this call wrote it.

    Raises:
        SameInstantError: the ledger has another upload of the partition with this landing time.
    """
    with writer.transaction(commit):
        _refuse_same_instant(writer.connection, unit)
        return [_store(writer, result, run_id, now, contract_version) for result in unit]


def _refuse_same_instant(connection: "DuckDBPyConnection", unit: Sequence[ReadResult]) -> None:
    """Refuse an upload with the partition and landing time of another one: these two fields identify an upload."""
    input_file, ids = unit[0].input_file, {result.file_id for result in unit}
    if not input_file.feed.members or input_file.known_sha256 is not None:
        return
    where, landed_at = "feed = ? and partition_key = ? and landed_at = ?", input_file.landed_at.replace(tzinfo=None)
    known = {
        row.file_id for row in read_files(connection, where, (input_file.feed.name, input_file.partition, landed_at))
    }
    if known and not ids <= known:
        raise SameInstantError(
            f"another upload of {input_file.feed.name}/{input_file.partition} landed at the same instant; touch one"
            " of the files"
        )


def _store(
    writer: Writer, result: ReadResult, run_id: str, now: datetime, contract_version: str
) -> tuple[FileRow, bool]:
    """Store a delivery inside the caller's transaction.

    A delivery that is already in the ledger (another run was faster) stays unchanged. Content that is already loaded
    in the same feed and partition counts once: of the two deliveries, the earlier in landing order holds the rows.
    """
    connection, row = writer.connection, _new_row(result, run_id, now, contract_version)
    # A literal is faster than a bound value: DuckDB tests each bound value for pandas types.
    is_known = connection.execute(f"select 1 from raw.files where file_id = {row.file_id}").fetchone()  # noqa: S608
    earlier = read_files(connection, "file_id = ?", (row.file_id,)) if is_known else []
    if earlier and earlier[0].key != row.key:
        raise VsfError(f"{row.file_name} and {earlier[0].file_name} share the id {row.file_id}; rename one")
    if earlier and (earlier[0].run_id, earlier[0].loaded_at) == (run_id, now):
        return earlier[0], True  # the answer to this call's first commit was lost
    if earlier and result.input_file.known_sha256 is None:
        return earlier[0], False
    for replaced in (*earlier, *_replaced(connection, result)):
        _delete_delivery(writer, result, replaced)
    twin = _twin(connection, result, row)
    if twin is not None and twin.order < row.order:
        row = _as_duplicate(row)
    elif twin is not None:
        _delete_delivery(writer, result, twin)
        _insert(writer, _as_duplicate(twin, run_id, now))
    if row.status != "duplicate_file":
        writer.insert_rows(result)
    _insert(writer, row)
    return row, True


def _new_row(result: ReadResult, run_id: str, now: datetime, contract_version: str) -> FileRow:
    input_file = result.input_file
    return FileRow(
        file_id=result.file_id,
        feed=input_file.feed.name,
        partition_key=input_file.partition,
        file_name=input_file.name,
        sha256=result.sha256,
        status="loaded" if result.readable else "unreadable",
        bytes=result.size,
        lines_read=result.lines_read,
        rows_loaded=result.rows_loaded,
        rows_quarantined=result.rows_quarantined,
        rows_blank=result.rows_blank,
        rows_skipped=result.rows_skipped,
        landed_at=input_file.landed_at,
        loaded_at=now,
        run_id=run_id,
        contract_version=contract_version,
        archive_path=archive_path(
            input_file.feed.name, input_file.partition, input_file.landed_at, result.sha256, input_file.name
        ),
    )


def _replaced(connection: "DuckDBPyConnection", result: ReadResult) -> list[FileRow]:
    """Return the ledger row that this file replaces, if its content changed since it was first loaded."""
    replaces = result.input_file.replaces
    return read_files(connection, "file_id = ?", (replaces,)) if replaces is not None else []


def _as_duplicate(row: FileRow, run_id: str | None = None, now: datetime | None = None) -> FileRow:
    values = {**row.__dict__, **NO_COUNTS, "status": "duplicate_file"}
    return FileRow(**{**values, "run_id": run_id or row.run_id, "loaded_at": now or row.loaded_at})


def _twin(connection: "DuckDBPyConnection", result: ReadResult, row: FileRow) -> FileRow | None:
    """Return the loaded delivery with the same content, for feeds in which equal content counts once."""
    if result.input_file.feed.counts_once_by != "content" or not result.readable:
        return None
    where = "feed = ? and partition_key is not distinct from ? and sha256 = ? and status = 'loaded'"
    twins = read_files(connection, where, (row.feed, row.partition_key, row.sha256))
    return twins[0] if twins else None


def _delete_delivery(writer: Writer, result: ReadResult, row: FileRow) -> None:
    """Delete the rows, findings and ledger row of a delivery."""
    for table in (*result.input_file.feed.tables_of(row.file_name), "raw.findings", "raw.files"):
        writer.delete_rows(table, row.file_id)


def stage_rows(writer: Writer, unit: Sequence[ReadResult], run_id: str, now: datetime, contract_version: str) -> None:
    """Prepare the rows that files get in the ledger unless their turn says otherwise; as `store_results`."""
    for result in unit:
        row = _new_row(result, run_id, now, contract_version)
        writer.stage_row("raw.files", row.file_id, row, partial(_frame, row))


def _insert(writer: Writer, row: FileRow) -> None:
    writer.insert_row("raw.files", row.file_id, row, partial(_frame, row))


def _frame(row: FileRow) -> "pl.DataFrame":
    import polars as pl

    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import polars_types

    values = dict(row.__dict__)
    for name in ("landed_at", "loaded_at"):
        values[name] = values[name].astimezone(UTC).replace(tzinfo=None)
    return pl.DataFrame([values], schema=polars_types(get_table("raw.files")))
