"""The schema that a request is about, and what its pages and answers share.

Here: finding it, the state of its latest revision, its preview with a message in place of an error. Not here: rights
(access.py), pages and answers.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.generation.job import GenerationError
from vsf_assets.portal.made.access import find_schema, may_change
from vsf_assets.portal.made.file_requests import WantedFile, preview
from vsf_assets.portal.made.landing import waits_in_landing
from vsf_assets.portal.made.models import MadeSchema, SchemaRevision
from vsf_assets.snapshots.pool import NoSnapshotError, OpenSnapshot
from vsf_assets.synthetic.model.schema import SchemaError, schema_of

DRAFT, SAVED, IN_USE = "draft", "saved, in use from the next run", "in use"
"""States of a schema: nobody but the portal knows it; its file waits in the landing zone; its file was taken."""


@dataclass(frozen=True)
class Preview:
    """The first rows of a file.

    Attributes:
        columns: the headers.
        rows: cells as the CSV file has them.
        problem: why there are none; empty if there are.
        of: the file.
    """

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    problem: str = ""
    of: WantedFile = field(default_factory=lambda: WantedFile(1000))


def found_schema(rights: AccountRights, schema_id: uuid.UUID, *, changes: bool = False) -> MadeSchema:
    """Return a schema.

    Raises:
        Http404: there is none, or it may not be seen: both look the same.
        PermissionDenied: it may be seen and not changed.
    """
    found = find_schema(rights, schema_id)
    if found is None:
        raise Http404
    if changes and not may_change(rights, found):
        raise PermissionDenied
    return found


def state_of(revision: SchemaRevision | None) -> str:
    """Return the state of a schema by its latest revision."""
    if revision is None:
        return DRAFT
    return SAVED if waits_in_landing(revision.path) else IN_USE


def preview_of(schema: MadeSchema, content: dict[str, Any], wanted: WantedFile) -> Preview:
    """Return the first rows of a file of a content, or why there are none."""
    try:
        schema_of(content)
        columns, rows = preview(schema, content, wanted)
    except (SchemaError, GenerationError) as error:
        return Preview(problem=str(error), of=wanted)
    return Preview(columns, rows, of=wanted)


def snapshot_if_any(request: HttpRequest) -> OpenSnapshot | None:
    """Return the snapshot of a request; None if nothing was published yet."""
    try:
        found: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    except NoSnapshotError:
        return None
    return found
