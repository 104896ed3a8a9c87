"""Files of a schema: made at once if they are small, else asked for by a request that lands.

Here: checking what is asked for, the question for a process, and landing a request. Not here: what became of a request
(file_states.py), and sending (portal/generation).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from vsf_assets.common.errors import VsfError
from vsf_assets.common.ulids import ulid_of
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.generation.job import CHECK, FILE, ROWS, GenerationJob
from vsf_assets.portal.generation.worker_pool import worker_pool
from vsf_assets.portal.made.landed_content import parents_of, stem_of
from vsf_assets.portal.made.landing import land_text
from vsf_assets.portal.made.models import MadeSchema, RequestedFile, SchemaRevision
from vsf_assets.portal.made.saving import SchemaRefusedError, generated_content, saved_schemas, up_to_date
from vsf_assets.portal.made.schema_text import as_yaml
from vsf_assets.portal.shared.random_ids import new_id
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets.synthetic.request_spec import FORMATS, request_of

MOST_ROWS = 100_000_000
"""Rows of a file that the portal asks the platform for."""

MOST_WAITING = 20
"""Files of a team that may be asked for within an hour."""

MOST_SHOWN = 200
"""Files of a schema that pages show."""

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/x-ndjson",
    "sql": "application/sql; charset=utf-8",
}


@dataclass(frozen=True)
class WantedFile:
    """What is asked for: number of rows, seed, format."""

    rows: int
    seed: int = 0
    form: str = "csv"

    @property
    def is_small(self) -> bool:
        """Whether the portal makes it at once."""
        return self.rows <= settings.VSF_PORTAL.made_now


def wanted_file(rows: Any, seed: Any, form: Any) -> WantedFile:
    """Return what is asked for.

    Raises:
        SchemaRefusedError: a value is not allowed; the message begins with `rows`, `seed` or `format`.
    """
    number = _number(rows)
    if isinstance(number, int) and not isinstance(number, bool) and number < 0:
        raise SchemaRefusedError(f"rows: {number:,} is not allowed; write a number from 0 to {MOST_ROWS:,}", 422)
    try:
        found = request_of({"schema": "x", "rows": number, "seed": _number(seed), "format": form})
    except SchemaError as error:
        raise SchemaRefusedError(str(error), 422) from None
    if found.rows > MOST_ROWS:
        raise SchemaRefusedError(
            f"rows: {found.rows:,} are more than {MOST_ROWS:,}; write such a file by vsf generate, which has no limit",
            422,
        )
    return WantedFile(found.rows, found.seed, found.format)


def _number(value: Any) -> Any:
    """Return a number for the text of a field; other texts stay, and are refused."""
    text = value.strip().replace(",", "").replace(" ", "") if isinstance(value, str) else value
    if isinstance(text, str) and len(text) < 30 and text.lstrip("-").isascii() and text.lstrip("-").isdecimal():
        return int(text)
    return text


def job_of(schema: MadeSchema, content: dict[str, Any], wanted: WantedFile, kind: str) -> GenerationJob:
    """Return the question for a process.

    Raises:
        SchemaError: a schema that it refers to is not there.
    """
    parents = [dict(parent.content) for parent in parents_of(content, saved_schemas(schema))]
    today = datetime.now(UTC).date().isoformat()
    return GenerationJob(kind, content, parents, today, wanted.rows, wanted.seed, wanted.form)


def preview(schema: MadeSchema, content: dict[str, Any], wanted: WantedFile) -> tuple[list[str], list[list[str]]]:
    """Return the header and the first rows of a file, of a valid content.

    Raises:
        SchemaError, GenerationError: they cannot be made.
    """
    return worker_pool().first_rows(job_of(schema, content, wanted, ROWS))


def job_for_file(schema: MadeSchema, revision: SchemaRevision, wanted: WantedFile) -> GenerationJob:
    """Return the question for a file of a revision, which can be made.

    Raises:
        SchemaError, GenerationError: it cannot.
    """
    content = generated_content(revision)
    worker_pool().check(job_of(schema, content, wanted, CHECK))
    return job_of(schema, content, wanted, FILE)


def request_file(schema: MadeSchema, account: Any, wanted: WantedFile) -> RequestedFile:
    """Land a request for a file of the latest revision, which it names.

    Raises:
        SchemaError, GenerationError: the file cannot be made.
        SchemaRefusedError: the team waits for too many files, or the request cannot be landed.
        OSError: the landing zone is away.
    """
    revision = up_to_date(schema, account.id)
    if revision is None:
        raise SchemaRefusedError("save the schema first")
    worker_pool().check(job_of(schema, generated_content(revision), wanted, CHECK))
    request = _stored(schema, revision, account, wanted)
    try:
        content = {"schema": revision.landed_name, "rows": wanted.rows, "seed": wanted.seed, "format": wanted.form}
        land_text(request.path, as_yaml({**content, "owner": account.username}))
    except (VsfError, OSError) as error:
        request.delete()
        if isinstance(error, VsfError):
            raise SchemaRefusedError(str(error)) from error
        raise
    request.landed_at = timezone.now()
    request.save(update_fields=["landed_at"])
    return request


@transaction.atomic
def _stored(schema: MadeSchema, revision: SchemaRevision, account: Any, wanted: WantedFile) -> RequestedFile:
    MadeSchema.objects.select_for_update().get(pk=schema.pk)
    since = timezone.now() - timedelta(hours=1)
    recent = RequestedFile.objects.filter(revision__schema__team=schema.team_id, created_at__gt=since)
    if recent.count() >= MOST_WAITING:
        raise SchemaRefusedError(f"the team asked for {MOST_WAITING} large files within an hour; try again later", 429)
    last = RequestedFile.objects.filter(revision__schema=schema).order_by("-number").first()
    request = RequestedFile(
        revision=revision,
        number=last.number + 1 if last else 1,
        name=f"{stem_of(schema.name)}-{ulid_of(new_id()).lower()}",
        rows=wanted.rows,
        seed=wanted.seed,
        format=wanted.form,
        account=account,
    )
    request.save(force_insert=True)
    record("made.file_requested", account.id, request.id, schema.team_id, rows=wanted.rows, format=wanted.form)
    return request


def formats() -> tuple[str, ...]:
    """Return the formats of files."""
    return FORMATS


def requests_of(schema: MadeSchema) -> list[RequestedFile]:
    """Return the requests for files of a schema that pages show, the latest first."""
    found = RequestedFile.objects.filter(revision__schema=schema).select_related("revision", "account")
    return list(found.order_by("-number")[:MOST_SHOWN])
