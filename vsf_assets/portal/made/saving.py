"""Drafts, saving a schema as a landed file, and deleting one.

Here: the changes of a schema, each with its line in the audit. The landing zone is written to outside of the
transaction, which would keep every log-in waiting where a bucket is slow. Not here: who may change it (access.py), what
lands (landed_content.py), and the form (editor_form.py).
"""

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from vsf_assets.common.errors import VsfError
from vsf_assets.common.ulids import ulid_of
from vsf_assets.feeds.by_family.synthetic import SCHEMAS
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.generation.job import CHECK, GenerationError, GenerationJob
from vsf_assets.portal.generation.worker_pool import worker_pool
from vsf_assets.portal.made.landed_content import (
    SavedSchema,
    landed_content,
    names_of,
    parents_of,
    stem_of,
    validated,
    with_day,
)
from vsf_assets.portal.made.landing import land_text
from vsf_assets.portal.made.models import MadeSchema, SchemaRevision, path_of_deletion
from vsf_assets.portal.made.schema_text import as_yaml
from vsf_assets.portal.shared.random_ids import new_id
from vsf_assets.synthetic.model.option_parsers import schema_name
from vsf_assets.synthetic.model.schema import SchemaError, schema_of

MOST_SCHEMAS = 1000
"""Schemas of a team."""


class SchemaRefusedError(ValueError):
    """Something cannot be done with a schema; the message says what to do, `status` is that of an answer."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


def new_schema(team: uuid.UUID, account: uuid.UUID, draft: dict[str, Any]) -> MadeSchema:
    """Store a draft as a new schema.

    Raises:
        SchemaRefusedError: its name cannot be used, or the team has too many.
    """
    name = checked_name(draft.get("name"))
    own = MadeSchema.objects.filter(team=team, deleted_at=None)
    if own.count() >= MOST_SCHEMAS:
        raise SchemaRefusedError(f"the team has {MOST_SCHEMAS:,} schemas; delete some of them first")
    try:
        with transaction.atomic():
            schema = MadeSchema(team_id=team, name=name, draft=draft, modified_at=timezone.now())
            schema.save(force_insert=True)
            record("made.schema_begun", account, schema.id, team)
    except IntegrityError:
        raise _is_taken(name) from None
    return schema


def free_name(team: uuid.UUID | None, name: str) -> str:
    """Return a name that no schema of a team has: the given one, or with a number."""
    taken = set(MadeSchema.objects.filter(team=team, deleted_at=None).values_list("name", flat=True))
    tries = (name if number == 1 else f"{name[:70].rstrip(' .-')} {number}" for number in range(1, MOST_SCHEMAS + 2))
    return next(found for found in tries if found not in taken)


def keep_draft(schema: MadeSchema, draft: dict[str, Any], account: uuid.UUID) -> None:
    """Store what the editor shows, valid or not; other members of the team see it there."""
    if draft == schema.draft:
        return
    schema.draft, schema.modified_at = draft, timezone.now()
    if schema.revision is None:
        name = draft.get("name")
        is_free = not MadeSchema.objects.filter(team=schema.team_id, deleted_at=None, name=name).exists()
        with suppress(SchemaRefusedError):  # it is said when the schema is saved
            schema.name = checked_name(name) if is_free else schema.name
    with transaction.atomic():
        schema.save(update_fields=["draft", "modified_at", "name"])
        record("made.draft_changed", account, schema.id, schema.team_id)


def checked_name(name: Any) -> str:
    """Return a name for a schema; raises SchemaRefusedError."""
    try:
        return str(schema_name(name))
    except ValueError as error:
        raise SchemaRefusedError(f"name: {error}", 422) from None


def save(schema: MadeSchema, account: uuid.UUID, today: Any = None) -> SchemaRevision:
    """Validate the draft of a schema and land it as a new revision; return the latest one if it says the same.

    Raises:
        SchemaError: the draft is invalid; the message names column and option.
        SchemaRefusedError: its name is another schema's, or it cannot be landed.
        OSError: the landing zone is away.
    """
    content, others = schema.draft, saved_schemas(schema)
    validated(content)
    day = today or datetime.now(UTC).date()
    parents = parents_of(content, others)
    own = with_day(content, day)
    job = GenerationJob(CHECK, own, [parent.content for parent in parents], day.isoformat(), 1)
    try:
        worker_pool().check(job)
    except GenerationError as error:
        raise SchemaRefusedError(str(error), 503) if error.is_busy else SchemaError(str(error)) from error
    if _name_is_taken(schema, content["name"]):
        raise _is_taken(content["name"])
    latest = schema.revision
    if latest is not None and latest.content == content and _says_the_same(latest, content, others):
        return land_revision(latest)
    return land_revision(_new_revision(schema, account, content, day, others))


def _says_the_same(latest: SchemaRevision, content: dict[str, Any], others: dict[str, SavedSchema]) -> bool:
    """Whether a content would land as it did, on the same day and with the same revisions of other schemas."""
    day = datetime.fromisoformat(latest.landed.get("today", "2000-01-01")).date()
    return bool(landed_content(content, latest.landed_name, day, others) == latest.landed)


def up_to_date(schema: MadeSchema, account: uuid.UUID) -> SchemaRevision | None:
    """Return the latest revision; a new one with the same content where a schema that it refers to was saved since.

    Raises:
        SchemaError: a schema that it refers to is gone.
        SchemaRefusedError: it cannot be landed.
    """
    latest, others = schema.revision, saved_schemas(schema)
    if latest is None or _says_the_same(latest, latest.content, others):
        return land_revision(latest) if latest else None
    day = datetime.now(UTC).date()
    return land_revision(_new_revision(schema, account, latest.content, day, others))


def saved_schemas(schema: MadeSchema) -> dict[str, SavedSchema]:
    """Return name -> each other saved schema of the same team."""
    revisions = SchemaRevision.objects.filter(schema__team=schema.team_id, schema__deleted_at=None)
    latest: dict[uuid.UUID, SchemaRevision] = {}
    for each in revisions.exclude(schema=schema).order_by("schema", "number"):
        latest[each.schema_id] = each
    return names_of(
        SavedSchema(each.content["name"], generated_content(each), each.landed_name) for each in latest.values()
    )


def users_of(schema: MadeSchema) -> list[str]:
    """Return the names of the other saved schemas of the team whose foreign keys lead straight to this one."""
    others = saved_schemas(schema)
    return sorted(name for name, other in others.items() if schema.name in schema_of(other.content).parents)


def generated_content(revision: SchemaRevision) -> dict[str, Any]:
    """Return a revision as its author wrote it, with the day on which its ranges of days end."""
    day = revision.landed.get("today")
    return dict(revision.content) if day is None else {"today": day, **revision.content}


def _new_revision(
    schema: MadeSchema, account: uuid.UUID, content: dict[str, Any], day: Any, others: dict[str, SavedSchema]
) -> SchemaRevision:
    with transaction.atomic():
        held = MadeSchema.objects.select_for_update().get(pk=schema.pk)
        latest = held.revision
        number = latest.number + 1 if latest else 1
        landed_name = f"{stem_of(content['name'])}-{ulid_of(new_id()).lower()}-r{number}"
        revision = SchemaRevision(
            schema=schema,
            number=number,
            content=content,
            landed=landed_content(content, landed_name, day, others),
            landed_name=landed_name,
            path=f"{SCHEMAS}/{landed_name}.schema.yaml",
            account_id=account,
        )
        revision.save(force_insert=True)
        try:
            with transaction.atomic():
                MadeSchema.objects.filter(pk=schema.pk).update(name=content["name"], modified_at=timezone.now())
        except IntegrityError:
            raise _is_taken(content["name"]) from None
        record("made.schema_saved", account, schema.id, schema.team_id, revision=number)
    schema.name = content["name"]
    return revision


def land_revision(revision: SchemaRevision) -> SchemaRevision:
    """Land a revision, unless it has landed; one that cannot be landed can be saved again.

    Raises:
        SchemaRefusedError: it cannot be landed.
        OSError: the landing zone is away.
    """
    if revision.landed_at is None:
        try:
            land_text(revision.path, as_yaml(revision.landed))
        except VsfError as error:
            raise SchemaRefusedError(str(error)) from error
        revision.landed_at = timezone.now()
        revision.save(update_fields=["landed_at"])
    return revision


def delete(schema: MadeSchema, account: uuid.UUID) -> None:
    """Delete a schema: it is gone at once, and its files with the next run.

    The deletion of every revision lands, also of those without a file: foreign keys of files that are asked for and not
    made yet may lead to any of them, and fail alike.

    Raises:
        SchemaRefusedError: the deletion cannot be landed.
        OSError: the landing zone is away.
    """
    for revision in schema.revisions.exclude(landed_at=None):
        try:
            land_text(path_of_deletion(revision.landed_name), as_yaml({"name": revision.landed_name, "deleted": True}))
        except VsfError as error:
            raise SchemaRefusedError(str(error)) from error
    with transaction.atomic():
        MadeSchema.objects.filter(pk=schema.pk).update(deleted_at=timezone.now(), draft={})
        record("made.schema_deleted", account, schema.id, schema.team_id)


def _name_is_taken(schema: MadeSchema, name: str) -> bool:
    others = MadeSchema.objects.filter(team=schema.team_id, deleted_at=None, name=name)
    return bool(others.exclude(pk=schema.pk).exists())


def _is_taken(name: str) -> SchemaRefusedError:
    return SchemaRefusedError(f"name: the team has a schema {name!r} already; choose another name")
