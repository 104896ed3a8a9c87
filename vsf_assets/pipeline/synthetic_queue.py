"""The queue of requests for made-up files, read from the warehouse.

Here: queries on the raw tables of made-up data, and the state of each request. Not here: generating files
(synthetic_fulfilment.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ENDS = ("ready", "replaced", "failed", "deleted")
"""Final states of a request; only a deletion of its schema follows."""

_REQUESTS = """
with

state_reports as (
    select
        states.*,
        row_number() over (order by files.landed_at, files.file_name, files.sha256) as place
    from raw.fake_states as states
    inner join raw.files as files on states._file_id = files.file_id
),

replacements as (
    select *, max(place) filter (where state = 'ready') over (partition by file_path) > place as is_replaced
    from state_reports
),

states as (
    select
        request_id,
        case when state = 'ready' and is_replaced then 'replaced' else state end as state,
        reason,
        file_path
    from replacements
    qualify row_number() over (partition by request_id order by place desc) = 1
)

select
    files.file_id,
    files.partition_key,
    requests.schema_name,
    requests.rows,
    requests.seed,
    requests.format,
    files.landed_at,
    coalesce(states.state, 'queued'),
    states.reason,
    states.file_path
from raw.fake_requests as requests
inner join raw.files as files on requests._file_id = files.file_id
left join states on files.file_id = states.request_id
order by files.landed_at, files.file_name, files.sha256
"""

_SCHEMAS = """
select schemas.schema_name, schemas.is_deleted, schemas.definition, files.landed_at
from raw.fake_schemas as schemas
inner join raw.files as files on schemas._file_id = files.file_id
order by files.landed_at, files.file_name, files.sha256
"""


@dataclass(frozen=True)
class RequestRow:
    """A request with its state; times are UTC."""

    request_id: int
    name: str
    schema_name: str
    rows: int
    seed: int
    format: str
    requested_at: datetime
    state: str
    reason: str | None
    file_path: str | None

    @property
    def target(self) -> str:
        """Path of its file, relative to the folder of made-up files."""
        return f"{self.schema_name}/{self.name}.{self.format}"


@dataclass(frozen=True)
class SchemaRow:
    """The current state of a schema; times are UTC.

    Attributes:
        definition: the schema as JSON; None if it is deleted.
        deleted_at: when it was last deleted.
        landed_at: when this definition landed; on this day its ranges of days end by default.
    """

    definition: str | None
    deleted_at: datetime | None
    landed_at: datetime | None = None


@dataclass(frozen=True)
class KnownRequests:
    """All requests of the warehouse in landing order, and all schemas by name."""

    requests: list[RequestRow]
    schemas: dict[str, SchemaRow]

    def was_deleted(self, request: RequestRow) -> bool:
        """Whether the request's schema was deleted after the request landed."""
        schema = self.schemas.get(request.schema_name)
        return schema is not None and schema.deleted_at is not None and schema.deleted_at >= request.requested_at

    def waiting(self, reported: Mapping[int, str] = MappingProxyType({})) -> list[RequestRow]:
        """Return the requests whose file must be generated or removed.

        Args:
            reported: request -> its state in a file of the landing zone, which may not be loaded yet.
        """
        waiting = []
        for request in self.requests:
            state = reported.get(request.request_id, request.state)
            is_new = state in ENDS and state != request.state
            is_open = request.state not in ENDS or (request.state == "ready" and self.was_deleted(request))
            if is_open and not is_new:
                waiting.append(request)
        return waiting


NOTHING = KnownRequests([], {})
"""The result without any request or schema."""


def read_known(connection: "DuckDBPyConnection") -> KnownRequests:
    """Read all requests and schemas; the result is empty if the warehouse does not have these tables yet."""
    tables = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'raw' and table_name = 'fake_states'"
    ).fetchone()
    if not tables or not tables[0]:
        return NOTHING
    schemas: dict[str, SchemaRow] = {}
    for name, is_deleted, definition, landed_at in connection.execute(_SCHEMAS).fetchall():
        before = schemas.get(name, SchemaRow(None, None))
        schemas[name] = (
            SchemaRow(None, landed_at) if is_deleted else SchemaRow(definition, before.deleted_at, landed_at)
        )
    return KnownRequests([RequestRow(*row) for row in connection.execute(_REQUESTS).fetchall()], schemas)
