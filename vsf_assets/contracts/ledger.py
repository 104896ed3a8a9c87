"""Contracts of the ledger's tables: deliveries, findings, builds.

Here: the tables that record deliveries, their states and the builds. Not here: tables of feeds (by_family/).
"""

from datetime import datetime

import pandera.polars as pa

from vsf_assets.contracts.table import PERSONAL_TEXT, Table


class Files(pa.DataFrameModel):
    """The ledger: a delivered file, and what became of it."""

    file_id: int = pa.Field(description="Identifies the delivery; 63 bits of an MD5, see docs/naming.md.")
    feed: str = pa.Field(description="Feed the file belongs to.")
    partition_key: str = pa.Field(
        nullable=True, description="Partition of the feed; null for feeds without partitions."
    )
    file_name: str = pa.Field(description="Name of the file as it landed.")
    sha256: str = pa.Field(description="SHA-256 of the file's bytes as they landed, in hexadecimal digits.")
    status: str = pa.Field(
        isin=["loaded", "duplicate_file", "unreadable"],
        description="What became of the file: loaded, duplicate_file (its content was delivered before) or unreadable.",
    )
    bytes: int = pa.Field(ge=0, description="Size of the file in bytes as it landed.")
    lines_read: int = pa.Field(ge=0, description="Records read, the header not counted; 0 unless loaded.")
    rows_loaded: int = pa.Field(ge=0, description="Records stored in the feed's raw tables.")
    rows_quarantined: int = pa.Field(
        ge=0, description="Records kept out of the raw tables; raw.findings has them with the reason."
    )
    rows_blank: int = pa.Field(ge=0, description="Empty lines, which are no records.")
    rows_skipped: int = pa.Field(ge=0, description="Records of types the feed does not load.")
    landed_at: datetime = pa.Field(description="Modified time of the file in the landing zone, UTC.")
    loaded_at: datetime = pa.Field(description="Time of the transaction that stored the delivery, UTC.")
    run_id: str = pa.Field(description="Run that loaded the file.")
    contract_version: str = pa.Field(description="Digest of the contract the file was read with.")
    archive_path: str = pa.Field(
        nullable=True, description="Path of the original inside the archive; null where none is kept."
    )


class Findings(pa.DataFrameModel):
    """Something found wrong with a file or a record at ingest."""

    file_id: int = pa.Field(description="Delivery the finding is about.")
    line_number: int = pa.Field(
        nullable=True,
        description="Physical line of the record, as in _line of the raw tables; null for the whole file.",
    )
    anomaly: str = pa.Field(description="Kind of anomaly, such as missing_value; docs/feeds.md explains each.")
    column_name: str = pa.Field(nullable=True, description="Column at fault; null if it is the record or the file.")
    raw_value: str = pa.Field(nullable=True, metadata=PERSONAL_TEXT, description="Value at fault, as delivered.")
    raw_text: str = pa.Field(
        nullable=True, metadata=PERSONAL_TEXT, description="The record as delivered; null if it was loaded."
    )
    severity: str = pa.Field(
        isin=["error", "warning"], description="error (the record is not loaded) or warning (it is loaded)."
    )
    reason: str = pa.Field(metadata=PERSONAL_TEXT, description="What is wrong and what to do, in words.")
    is_quarantined: bool = pa.Field(description="Whether the record was kept out of the raw tables.")
    records: int = pa.Field(
        ge=0, description="Number of records the finding stands for: 1, or those of this anomaly that are not listed."
    )
    unlisted_records: int = pa.Field(
        ge=0,
        description="Number of them that have no listed finding, each counted once; 0 where it is listed.",
    )


class Builds(pa.DataFrameModel):
    """A finished build of the marts, written as its last step; no model reads it."""

    build_number: int = pa.Field(description="Number of the build; its snapshot is vsf-<number>.duckdb.")
    built_at: datetime = pa.Field(description="Time the build finished, UTC.")
    run_id: str = pa.Field(description="Run that built it.")
    ledger_state: str = pa.Field(description="Digests of the ledger that the build contains, by feed, as JSON.")
    project_version: str = pa.Field(
        description="Digest of the dbt project, the contracts and the settings that models read."
    )


class PublishedFiles(pa.DataFrameModel):
    """The first snapshot that holds a delivered file; reports.files shows it."""

    file_id: int = pa.Field(description="Identifies the delivery, as in raw.files.")
    first_snapshot: int = pa.Field(
        nullable=True, description="Number of the first snapshot that holds the file; null where that is not known."
    )
    published_at: datetime = pa.Field(
        nullable=True, description="Time at which that snapshot was published, UTC; null where that is not known."
    )


TABLES = (
    Table("raw.files", "a delivered file", ("file_id",), Files, lineage=False),
    Table(
        "raw.findings",
        "a finding of the ingest",
        (),
        Findings,
        lineage=False,
        references=(("file_id", "raw.files.file_id"),),
        added=(("records", 1), ("unlisted_records", 0)),
    ),
    Table("raw.builds", "a finished build", ("build_number",), Builds, lineage=False),
    Table(
        "raw.published_files",
        "a file that a snapshot holds",
        ("file_id",),
        PublishedFiles,
        lineage=False,
        references=(("file_id", "raw.files.file_id"),),
    ),
)
