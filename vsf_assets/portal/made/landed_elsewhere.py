"""Schemas and files that landed by other ways than the portal: they belong to the team platform, and are read here.

Here: what the snapshot says of them. Not here: schemas of the portal (access.py), and the pages (elsewhere_views.py).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from vsf_assets.pipeline.made_places import is_there, local_file
from vsf_assets.portal.made.models import SchemaRevision
from vsf_assets.snapshots.pool import OpenSnapshot

MOST = 500
"""Schemas, and files of one, that are shown, the latest first."""

_SCHEMAS = """
    select schema_name, definition, landed_at, is_deleted from raw.fake_schemas
    inner join raw.files on _file_id = file_id
    where not list_contains($own::varchar[], schema_name)
    qualify row_number() over (partition by schema_name order by landed_at desc, file_name desc, sha256 desc) = 1
    order by landed_at desc, schema_name
"""
_FILES = """
    select request_id, request, rows, seed, format, state, reason, file_path, bytes, sha256, requested_at, owner
    from reports.fake_requests where schema_name = $name order by requested_at desc, request_id limit $most
"""


@dataclass(frozen=True)
class LandedSchema:
    """A schema: its name, its content as delivered, and when it landed (UTC)."""

    name: str
    content: dict[str, Any]
    landed_at: datetime


@dataclass(frozen=True)
class LandedRequest:
    """A request of `reports.fake_requests`, with its columns."""

    request_id: int
    request: str
    rows: int
    seed: int
    format: str
    state: str
    reason: str | None
    file_path: str | None
    bytes: int | None
    sha256: str | None
    requested_at: datetime
    owner: str | None

    @property
    def file_name(self) -> str:
        """Name of the file."""
        return f"{self.request}.{self.format}"

    @property
    def is_there(self) -> bool:
        """Whether the file can be sent: it is ready, and below the place of made-up files."""
        made: Path = settings.VSF.made
        if self.state != "ready" or not self.file_path:
            return False
        is_below = (made / self.file_path).resolve().is_relative_to(made.resolve())
        return is_below and is_there(settings.VSF, self.file_path)

    @property
    def path(self) -> Path | None:
        """Path of the file on this host; None unless it is there, and could be fetched from a bucket."""
        try:
            return local_file(settings.VSF, self.file_path or "", self.sha256 or "") if self.is_there else None
        except OSError:
            return None


def landed_schemas(snapshot: OpenSnapshot | None) -> list[LandedSchema]:
    """Return the schemas that are not deleted, the latest first."""
    if snapshot is None:
        return []
    own = list(SchemaRevision.objects.order_by().values_list("landed_name", flat=True))
    rows = snapshot.query(_SCHEMAS, {"own": own}).rows
    found = [LandedSchema(name, json.loads(text), at) for name, text, at, is_deleted in rows if not is_deleted and text]
    return found[:MOST]


def landed_schema(snapshot: OpenSnapshot | None, name: str) -> LandedSchema | None:
    """Return one schema; None if there is none."""
    return next((found for found in landed_schemas(snapshot) if found.name == name), None)


def landed_requests(snapshot: OpenSnapshot, name: str) -> list[LandedRequest]:
    """Return the requests for files of a schema, the latest first."""
    return [LandedRequest(*row) for row in snapshot.query(_FILES, {"name": name, "most": MOST}).rows]
