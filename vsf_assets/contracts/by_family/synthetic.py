"""Contracts of the synthetic family: schemas of made-up files, requests, and states of requests.

Here: fields and types of these rows. Not here: the generated rows, which no table holds, and the validation of schemas
(synthetic/model/schema.py).
"""

import pandera.polars as pa

from vsf_assets.contracts.table import Table


class FakeSchemas(pa.DataFrameModel):
    """A schema of made-up files; of a name the last one delivered stands."""

    schema_name: str = pa.Field(description="Name of the schema.")
    is_deleted: bool = pa.Field(description="Whether this delivery deletes the schema, with all files made from it.")
    separator: str = pa.Field(nullable=True, description="Character between columns; null where the schema is deleted.")
    quote: str = pa.Field(
        nullable=True, description="Character around values that need one; null where the schema is deleted."
    )
    columns: int = pa.Field(ge=0, description="Number of columns of the schema.")
    definition: str = pa.Field(nullable=True, description="The schema as JSON; null where it is deleted.")


class FakeRequests(pa.DataFrameModel):
    """A request for a made-up file."""

    schema_name: str = pa.Field(description="Schema to make the file from.")
    rows: int = pa.Field(ge=0, description="Number of rows to make.")
    seed: int = pa.Field(description="Seed of the random numbers: schema, rows and seed give the same file each time.")
    owner: str = pa.Field(nullable=True, description="Person who asked for the file; null where nobody is named.")
    format: str = pa.Field(
        isin=["csv", "parquet", "jsonl", "sql"], description="Format of the file: csv, parquet, jsonl or sql."
    )


class FakeStates(pa.DataFrameModel):
    """A state that a request came into."""

    request_id: int = pa.Field(description="Delivery of the request (raw.fake_requests._file_id).")
    request: str = pa.Field(description="Name of the request.")
    state: str = pa.Field(
        isin=["processing", "ready", "failed", "deleted"],
        description="State the request reached: processing, ready, failed or deleted.",
    )
    reason: str = pa.Field(nullable=True, description="Why the request failed or was deleted; null otherwise.")
    file_path: str = pa.Field(
        nullable=True, description="Path of the made-up file below the folder of made-up files; null unless ready."
    )
    bytes: int = pa.Field(nullable=True, description="Size of the made-up file in bytes; null unless ready.")
    sha256: str = pa.Field(
        nullable=True, description="SHA-256 of the made-up file, in hexadecimal digits; null unless ready."
    )
    engine: str = pa.Field(description="Version of the generator that worked on the request.")


TABLES = (
    Table("raw.fake_schemas", "a schema as delivered", ("schema_name",), FakeSchemas),
    Table(
        "raw.fake_requests",
        "a request as delivered",
        (),
        FakeRequests,
        references=(("schema_name", "raw.fake_schemas.schema_name"),),
    ),
    Table(
        "raw.fake_states",
        "a state that a request came into",
        ("request_id", "state"),
        FakeStates,
        references=(("request_id", "raw.fake_requests._file_id"),),
    ),
)
