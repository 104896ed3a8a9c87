"""Whose schemas and files somebody may see, change, and ask for.

Here: the queries that every page and answer begins with, and the names in the landing zone that belong to other teams.
Whoever reads in a team sees its schemas and files; who may choose campaigns and made-up files changes them. To all
others they look like ones that never were. Not here: roles (accounts/rights.py).
"""

import uuid

from django.db.models import QuerySet

from vsf_assets.portal.accounts.rights import CAMPAIGNS, RAW, READ, AccountRights, TeamRights
from vsf_assets.portal.made.models import MadeSchema, RequestedFile, SchemaRevision, path_of_deletion
from vsf_assets.snapshots.pool import OpenSnapshot


def teams_that_see(rights: AccountRights) -> list[TeamRights]:
    """Return the teams whose schemas may be seen, the account's own last."""
    return [found for found in rights.teams if found.rights & {READ, CAMPAIGNS}]


def teams_that_make(rights: AccountRights) -> list[TeamRights]:
    """Return the teams for which schemas may be made, those with several members first."""
    able = [found for found in rights.teams if CAMPAIGNS in found.rights]
    return sorted(able, key=lambda found: found.name.startswith("~"))


def visible_schemas(rights: AccountRights) -> "QuerySet[MadeSchema]":
    """Return the schemas that may be seen, the latest first."""
    teams = [found.team for found in teams_that_see(rights)]
    return MadeSchema.objects.select_related("team").filter(team__in=teams, deleted_at=None)


def find_schema(rights: AccountRights, schema: uuid.UUID) -> MadeSchema | None:
    """Return a schema; None if there is none, or it may not be seen: both look the same."""
    return visible_schemas(rights).filter(pk=schema).first()


def find_request(rights: AccountRights, schema: uuid.UUID, request: uuid.UUID) -> RequestedFile | None:
    """Return a request for a file of a schema; None if there is none, or it may not be seen."""
    found = RequestedFile.objects.select_related("revision", "account")
    return found.filter(pk=request, revision__schema__in=visible_schemas(rights).filter(pk=schema)).first()


def may_change(rights: AccountRights, schema: MadeSchema) -> bool:
    """Whether a schema may be changed and deleted, and files asked for."""
    return any(found.team == schema.team_id for found in teams_that_make(rights))


def foreign_files(rights: AccountRights, snapshot: OpenSnapshot | None, right: str) -> list[str]:  # noqa: ARG001
    """Return the names of files of schemas of other teams than those in which somebody has a right."""
    if rights.may_on_platform(RAW):
        return []
    found = SchemaRevision.objects.exclude(schema__team__in=_own(rights, right)).order_by()
    saved = [_name(path) for path in found.values_list("path", flat=True)]
    deleted = found.filter(schema__deleted_at__isnull=False).values_list("landed_name", flat=True)
    return saved + [_name(path_of_deletion(landed_name)) for landed_name in deleted]


def foreign_requests(rights: AccountRights, snapshot: OpenSnapshot | None, right: str) -> list[str]:  # noqa: ARG001
    """Return the names of requests of other teams than those in which somebody has a right."""
    if rights.may_on_platform(RAW):
        return []
    found = RequestedFile.objects.exclude(revision__schema__team__in=_own(rights, right))
    return list(found.order_by().values_list("name", flat=True))


def _own(rights: AccountRights, right: str) -> list[uuid.UUID]:
    return [found.team for found in rights.teams if right in found.rights]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
