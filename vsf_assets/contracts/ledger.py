"""Contracts of the ledger's tables: deliveries, findings, builds.

Here: the ledger that says what was delivered and what became of it. Not here: feed data.
"""

from datetime import datetime

import pandera.polars as pa

from vsf_assets.contracts.table import Table


class Files(pa.DataFrameModel):
    """A delivered file and what became of it."""

    file_id: int = pa.Field(description="identifies the delivery; 63 bits of an md5, see docs/naming.md")
    feed: str = pa.Field(description="feed the file belongs to")
    partition_key: str = pa.Field(nullable=True, description="partition of the feed; empty where it has none")
    file_name: str = pa.Field(description="name of the file as it landed")
    sha256: str = pa.Field(description="SHA-256 of the file's bytes as they landed")
    status: str = pa.Field(
        isin=["loaded", "duplicate_file", "unreadable"],
        description="loaded, duplicate_file or unreadable",
    )
    bytes: int = pa.Field(ge=0, description="size of the file in bytes as it landed")
    lines_read: int = pa.Field(ge=0, description="data records read, header not counted")
    rows_loaded: int = pa.Field(ge=0, description="records stored in the feed's raw tables")
    rows_quarantined: int = pa.Field(ge=0, description="records not stored and kept in raw.findings")
    rows_blank: int = pa.Field(ge=0, description="empty lines")
    rows_skipped: int = pa.Field(ge=0, description="records of types nobody asked for")
    landed_at: datetime = pa.Field(description="modified time in the landing zone, UTC")
    loaded_at: datetime = pa.Field(description="when the delivery's transaction was made, UTC")
    run_id: str = pa.Field(description="run that loaded it")
    contract_version: str = pa.Field(description="digest of the contract the file was read with")
    archive_path: str = pa.Field(nullable=True, description="path of the original inside the archive")


class Findings(pa.DataFrameModel):
    """Something found wrong with a file or a record at ingest."""

    file_id: int = pa.Field(description="delivery the finding belongs to")
    line_number: int = pa.Field(
        nullable=True, description="physical line the record starts on; empty for the whole file"
    )
    anomaly: str = pa.Field(description="kind of the anomaly")
    column_name: str = pa.Field(nullable=True, description="column the finding is about")
    raw_value: str = pa.Field(nullable=True, description="the value as delivered")
    raw_text: str = pa.Field(nullable=True, description="the record as delivered")
    severity: str = pa.Field(isin=["error", "warning"], description="error or warning")
    reason: str = pa.Field(description="what is wrong and what to do")
    is_quarantined: bool = pa.Field(description="whether the record was held back")
    records: int = pa.Field(
        ge=0, description="records with this anomaly that the finding stands for: 1, or those that are not listed"
    )
    unlisted_records: int = pa.Field(
        ge=0, description="of them the records without any listed finding, each counted in one finding; 0 where listed"
    )


class Builds(pa.DataFrameModel):
    """A finished build of the marts; the last step of a build."""

    build_number: int = pa.Field(description="number of the build; its snapshot is vsf-<number>.duckdb")
    built_at: datetime = pa.Field(description="when the build finished, UTC")
    run_id: str = pa.Field(description="run that built it")
    ledger_state: str = pa.Field(description="digests of the ledger the build has absorbed, by feed")
    project_version: str = pa.Field(description="digest of the dbt project, the contracts and the models' settings")


TABLES = (
    Table("raw.files", "a delivered file", ("file_id",), Files, lineage=False),
    Table(
        "raw.findings",
        "a finding of the ingest",
        (),
        Findings,
        lineage=False,
        added=(("records", 1), ("unlisted_records", 0)),
    ),
    Table("raw.builds", "a finished build", ("build_number",), Builds, lineage=False),
)
