"""Contracts of the synthetic family: schemas of made-up files, requests, and states of requests.

Here: fields and types of the rows that describe what is made. Not here: the made rows, which no table holds, and
what a schema may say (synthetic/model/schema.py).
"""

import pandera.polars as pa

from vsf_assets.contracts.table import Table


class FakeSchemas(pa.DataFrameModel):
    """A schema of made-up files."""

    schema_name: str = pa.Field(description="its name")
    is_deleted: bool = pa.Field(description="whether it is deleted, with all that was made of it")
    separator: str = pa.Field(nullable=True, description="character between columns; empty where it is deleted")
    quote: str = pa.Field(nullable=True, description="character around values that need one; empty where it is deleted")
    columns: int = pa.Field(ge=0, description="how many columns it has")
    definition: str = pa.Field(nullable=True, description="the schema as JSON; empty where it is deleted")


class FakeRequests(pa.DataFrameModel):
    """A request for a made-up file."""

    schema_name: str = pa.Field(description="the schema it names")
    rows: int = pa.Field(ge=0, description="how many rows are wanted")
    seed: int = pa.Field(description="which of all possible files is wanted")
    owner: str = pa.Field(nullable=True, description="who asked")
    format: str = pa.Field(isin=["csv", "parquet"], description="csv or parquet")


class FakeStates(pa.DataFrameModel):
    """A state that a request came into."""

    request_id: int = pa.Field(description="delivery of the request (raw.files.file_id)")
    request: str = pa.Field(description="its name")
    state: str = pa.Field(isin=["processing", "ready", "failed", "deleted"], description="the state")
    reason: str = pa.Field(nullable=True, description="why it failed or was deleted")
    file_path: str = pa.Field(nullable=True, description="the made file, below the folder of made files")
    bytes: int = pa.Field(nullable=True, description="its size")
    sha256: str = pa.Field(nullable=True, description="SHA-256 of its bytes, in hexadecimal digits")
    engine: str = pa.Field(description="version of the engine that made it")


TABLES = (
    Table("raw.fake_schemas", "a schema as delivered", ("schema_name",), FakeSchemas),
    Table("raw.fake_requests", "a request as delivered", (), FakeRequests),
    Table("raw.fake_states", "a state that a request came into", ("request_id", "state"), FakeStates),
)
