"""The address of notices in version 1 of the API.

Here: the list, as keyset pages. Not here: which notices an account reads (notices/notice_lists.py).
"""

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Query, Schema

from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.api.authentication import rights_of_request
from vsf_assets.portal.api.list_answers import DEFAULT, json_answer
from vsf_assets.portal.data.table_query import LARGEST_PAGE
from vsf_assets.portal.notices.kinds import KINDS
from vsf_assets.portal.notices.notice_lists import notices_of, unread_ids
from vsf_assets.portal.notices.wording import as_json
from vsf_assets.portal.shared.request_errors import WrongParameterError


class NoticeParameters(Schema):
    """Parameters of the list; `open` leaves out notices that are over, `kind` all but one kind."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    kind: str = ""
    open: bool = False


def add_notices(api: NinjaAPI) -> None:
    """Add the list to the API."""

    @api.get("/notices", summary="Notices of the own teams, the newest first.", tags=["notices"])
    def notices(request: HttpRequest, parameters: Query[NoticeParameters]) -> HttpResponse:
        asker: ApiToken | User = request.auth  # type: ignore[attr-defined]
        found = notices_of(rights_of_request(request))
        if parameters.kind:
            if parameters.kind not in KINDS:
                raise WrongParameterError(f"kind is one of {', '.join(KINDS)}")
            found = found.filter(kind=parameters.kind)
        if parameters.open:
            found = found.filter(resolved_at=None)
        if parameters.after:
            found = found.filter(pk__lt=_id(parameters.after))
        rows = list(found[: parameters.limit + 1])
        shown = rows[: parameters.limit]
        new = unread_ids(asker.user if isinstance(asker, ApiToken) else asker, shown)
        items = [{**as_json(event), "is_read": event.pk not in new} for event in shown]
        return json_answer({"items": items, "next": str(shown[-1].pk) if len(rows) > len(shown) else None})


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise WrongParameterError("after is the value of `next` of the page before") from None
