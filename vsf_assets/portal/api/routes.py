"""The addresses of version 1 of the API; those for reading stand here.

Here: which list is which table, and what a list answers. A new address needs a line in the matrix of rights
(vsf_assets_tests/portal/matrix.py). Not here: reading a list (list_answers.py), SQL
(sql_route.py), questions (question_routes.py), uploads (upload_routes.py), and the old names (old_names.py).
"""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Query, Schema

from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.api import insight_routes, receipt_routes
from vsf_assets.portal.api.authentication import AUTHENTICATION, access_of, rights_of_request
from vsf_assets.portal.api.error_handlers import add_handlers
from vsf_assets.portal.api.list_answers import DEFAULT, json_answer, list_answer, readable_table
from vsf_assets.portal.api.notice_routes import add_notices
from vsf_assets.portal.api.question_routes import add_questions
from vsf_assets.portal.api.sql_route import add_sql
from vsf_assets.portal.api.upload_routes import router as uploads_router
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.data.table_query import LARGEST_PAGE, rows_seen
from vsf_assets.snapshots.pool import OpenSnapshot

api = NinjaAPI(
    title="VSF portal",
    version="1",
    description=(
        "Reads the current snapshot, and takes deliveries. Each list takes its columns as filters: column=value,"
        " column__contains=text, column__min=value, column__max=value, column__null=yes. Without the permission for"
        " personal data, phone numbers, ids of people and keys made of them are pseudonyms."
    ),
    auth=AUTHENTICATION,
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
add_handlers(api)
add_sql(api)
add_questions(api)
add_notices(api)
api.add_router("/uploads", uploads_router)
api.add_router("/files", receipt_routes.files)
api.add_router("/insights", insight_routes.router)


class ListParameters(Schema):
    """Parameters of every list, beside its columns."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    sort: str = ""
    search: str = ""


class ListAnswer(Schema):
    """A page of a list: its rows, the cursor of the next page, and the number of the snapshot."""

    items: list[dict[str, Any]]
    next: str | None
    snapshot: int


LISTS = {
    "activity": ("marts.fct_activity_events", "Activity of lines: one item per event."),
    "lines": ("marts.dim_lines", "Phone lines and their history."),
    "accounts": ("marts.dim_accounts", "Customer accounts and their history."),
    "limits": ("marts.fct_usage_limits", "Usage limits of lines."),
    "files": ("reports.files", "Deliveries, and what became of them."),
    "anomalies": ("reports.anomalies", "Everything found wrong."),
    "quality": ("reports.data_quality", "Share of bad rows per feed and partition."),
    "volume": ("reports.volume_anomalies", "Days whose volume departs from their own history."),
    "scores": ("marts.fct_campaign_scores", "The chosen banners of campaigns."),
    "songs": ("marts.dim_songs", "Songs of catalogs."),
    "movies": ("marts.dim_movies", "Movies of catalogs."),
    "apps": ("marts.dim_apps", "Apps of catalogs."),
}
"""Address of a list -> its table, and what it is."""

BY_DEVICE = (
    "_stored_row in (select rowid from marts.fct_activity_events where line_key in"
    " (select line_key from marts.dim_lines where device_grouping = $grouping))"
)
"""Condition on activity: the line's version of that day has a device of a group."""


def _add_list(name: str, table: str, about: str) -> None:
    @api.get(f"/{name}", response=ListAnswer, summary=about, operation_id=name, tags=["lists"])
    def read(request: HttpRequest, parameters: Query[ListParameters]) -> HttpResponse:  # noqa: ARG001
        return list_answer(request, access_of(request), table)


for _name, (_table, _about) in LISTS.items():
    _add_list(_name, _table, _about)


@api.get("/activity/by-device", response=ListAnswer, summary="Activity of lines with a kind of device.", tags=["lists"])
def by_device(
    request: HttpRequest,
    parameters: Query[ListParameters],  # noqa: ARG001
    grouping: str = "ANDROID",
) -> HttpResponse:
    """Return activity of lines whose version of that day has a device of a group."""
    values, own = {"grouping": grouping}, ("grouping",)
    return list_answer(request, access_of(request), LISTS["activity"][0], condition=BY_DEVICE, values=values, own=own)


@api.get("/lines/by-limit", response=ListAnswer, summary="Lines with activity and a kind of limit.", tags=["lists"])
def by_limit(
    request: HttpRequest,
    parameters: Query[ListParameters],  # noqa: ARG001
    type: str = "USG",  # noqa: A002 - the name that the original has
) -> HttpResponse:
    """Return lines that are active and have a limit of a kind."""
    fixed = {"limit_type": type, "has_activity": "true"}
    return list_answer(request, access_of(request), "marts.fct_limited_lines", fixed, own=("type",))


@api.get("/tables", summary="Tables that may be read.", tags=["tables"])
def tables(request: HttpRequest) -> HttpResponse:
    """Return the tables that may be read, with their columns."""
    snapshot = _snapshot(request)
    access = access_of(request)
    found = access.readable(catalog_of(snapshot)).values()
    items = [{"name": t.full_name, "description": t.description, "rows": rows_seen(snapshot, t, access)} for t in found]
    return json_answer({"items": items, "next": None, "snapshot": snapshot.number})


@api.get("/tables/{layer}/{name}", response=ListAnswer, summary="Rows of a table.", tags=["tables"])
def table_rows(
    request: HttpRequest,
    layer: str,
    name: str,
    parameters: Query[ListParameters],  # noqa: ARG001
) -> HttpResponse:
    """Return a page of a table's rows."""
    return list_answer(request, access_of(request), f"{layer}.{name}")


@api.get("/tables/{layer}/{name}/columns", summary="Columns of a table.", tags=["tables"])
def table_columns(request: HttpRequest, layer: str, name: str) -> HttpResponse:
    """Return the columns of a table, with their meanings."""
    snapshot = _snapshot(request)
    table = readable_table(snapshot, access_of(request), f"{layer}.{name}")
    items = [
        {"name": c.name, "type": c.type, "description": c.description, "is_personal": bool(c.personal)}
        for c in table.columns
    ]
    return json_answer({"items": items, "key": table.key, "next": None, "snapshot": snapshot.number})


@api.get("/snapshots/current", summary="The current snapshot.", tags=["snapshot"])
def current_snapshot(request: HttpRequest) -> HttpResponse:
    """Return number, name and time of the current snapshot."""
    snapshot = _snapshot(request)
    published = datetime.fromtimestamp(snapshot.published, UTC) if snapshot.published else None
    return json_answer({"snapshot": snapshot.number, "name": snapshot.name, "published_at": published})


@api.get("/me", summary="Who asks, and what may be done.", tags=["account"])
def me(request: HttpRequest) -> HttpResponse:
    """Return the account, and its rights per team as this request has them."""
    asker: ApiToken | User = request.auth  # type: ignore[attr-defined]
    user, account_rights = (asker.user if isinstance(asker, ApiToken) else asker), rights_of_request(request)
    teams = [
        {"id": str(t.team), "name": t.name, "rights": sorted(t.rights), "feeds": sorted(t.feeds)}
        for t in account_rights.teams
    ]
    scopes = asker.scopes if isinstance(asker, ApiToken) else None
    return json_answer(
        {
            "id": str(user.id),
            "name": user.username,
            "teams": teams,
            "may_see_personal": account_rights.may_see_personal,
            "token_scopes": scopes,
        }
    )


@api.get("/tokens", summary="The own tokens, without their texts.", tags=["account"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Return the tokens of the account; to a token itself alone."""
    asker: ApiToken | User = request.auth  # type: ignore[attr-defined]
    own = [asker] if isinstance(asker, ApiToken) else asker.api_tokens.select_related("team")
    items = [
        {
            "id": str(t.id),
            "name": t.name,
            "team": t.team.name,
            "scopes": t.scopes,
            "expires_at": t.expires_at,
            "last_used_on": t.last_used_on,
        }
        for t in own
    ]
    return json_answer({"items": items, "next": None})


def _snapshot(request: HttpRequest) -> OpenSnapshot:
    found: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    return found
