"""The addresses of uploads in version 1 of the API: begin one, list them, give one up.

Here: what they take and answer. Not here: the bytes, which the fast layer takes at the address that `POST` answers
(fast/uploads.py), and what becomes of a delivery.
"""

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Header, Query, Router, Schema

from vsf_assets.common.ulids import uuid_of
from vsf_assets.portal.accounts.models import ApiToken
from vsf_assets.portal.api.authentication import rights_of_request
from vsf_assets.portal.api.list_answers import json_answer
from vsf_assets.portal.deliveries.begin import AnnouncedFile, BegunUpload, Sender, UploadRefusedError, begin_upload
from vsf_assets.portal.deliveries.delivery_list import list_deliveries
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.outcomes import Outcome, outcomes_of
from vsf_assets.portal.deliveries.take_up import cancel
from vsf_assets.portal.deliveries.visible import find_delivery, may_change
from vsf_assets.portal.shared.problems import problem
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.snapshots.pool import NoSnapshotError

router = Router(tags=["uploads"])

_KINDS = {
    403: ("not-allowed", "This may not be delivered"),
    409: ("upload-pending", "A file of this name is pending"),
    413: ("upload-too-large", "The file is too large"),
    422: ("upload-unknown", "It is not clear what the file is"),
    429: ("upload-quota", "The quota is used up"),
    507: ("no-room", "There is no room for the file"),
}


class UploadRequest(Schema):
    """A file that is to be sent."""

    file_name: str = Field(max_length=4000)
    bytes: int = Field(ge=0, lt=2**63)
    feed: str = Field("", max_length=200)
    partition: str = Field("", max_length=400)
    sha256: str = Field("", max_length=100, description="compared at the end; lower-case hexadecimal digits")
    mends: str = Field("", max_length=100, description="id of the delivery whose bad rows it brings mended")
    team: str = Field("", max_length=100, description="id of the team for which it is delivered")


class UploadAnswer(Schema):
    """Where the bytes are sent to: PUT `url` with the header `X-Vsf-Upload-Token: token`."""

    id: str
    url: str
    token: str
    feed: str
    partition: str
    path: str
    expires_at: str
    receipt: str


class UploadList(Schema):
    """Deliveries, the latest first."""

    items: list[dict[str, Any]]
    next: str | None
    snapshot: int | None


class UploadFilters(Schema):
    """Which deliveries."""

    limit: int = Field(100, ge=1, le=1000)
    after: str = Field("", max_length=100)
    state: str = Field("", max_length=20)
    feed: str = Field("", max_length=60)


@router.post("", response={201: UploadAnswer}, summary="Begin an upload.", operation_id="begin_upload")
def begin(request: HttpRequest, file: UploadRequest, idempotency_key: Header[uuid.UUID | None] = None) -> HttpResponse:
    """Begin an upload; its bytes are sent to the address that is answered.

    A request that is sent again with the same Idempotency-Key, a UUID, gets the upload that it began.
    """
    sender = sender_of(request, file.team)
    announced = AnnouncedFile(
        file.file_name,
        file.bytes,
        file.feed,
        file.partition,
        file.sha256,
        _mended(request, file.mends),
        announcement=idempotency_key,
    )
    try:
        begun = begin_upload(sender, announced)
    except UploadRefusedError as error:
        return refusal(error)
    return json_answer(_begun(begun), status=201)


@router.get("", response=UploadList, summary="Deliveries, the latest first.", operation_id="uploads")
def uploads(request: HttpRequest, filters: Query[UploadFilters]) -> HttpResponse:
    """Return a page of the deliveries that may be seen."""
    found = list_deliveries(rights_of_request(request), filters.state, filters.feed, filters.after, filters.limit)
    try:
        snapshot = request.snapshot()  # type: ignore[attr-defined]
        outcomes, number = outcomes_of(snapshot, found.deliveries), snapshot.number
    except NoSnapshotError:
        outcomes, number = {}, None
    items = [delivery_item(each, outcomes.get(each.id)) for each in found.deliveries]
    return json_answer({"items": items, "next": found.next, "snapshot": number})


@router.delete("/{upload}", summary="Give an unfinished upload up.", operation_id="cancel_upload")
def give_up(request: HttpRequest, upload: str) -> HttpResponse:
    """End an unfinished upload and remove what has arrived of it."""
    delivery = find_delivery(rights_of_request(request), _id(upload))
    if delivery is None or not may_change(rights_of_request(request), delivery):
        raise Http404
    if not cancel(delivery, sender_of(request).account.id):
        return refusal(UploadRefusedError(409, "the upload has ended already", title="The upload has ended"))
    return HttpResponse(status=204)


def sender_of(request: HttpRequest, team: str = "") -> Sender:
    """Return who delivers."""
    asker = request.auth  # type: ignore[attr-defined]
    account = asker.user if isinstance(asker, ApiToken) else asker
    try:
        chosen = uuid.UUID(team) if team else None
    except ValueError:
        raise WrongParameterError("team is the id of a team, as GET /api/v1/me lists it") from None
    return Sender(account, rights_of_request(request), chosen)


def refusal(error: UploadRefusedError) -> HttpResponse:
    """Return the answer to an upload that may not begin."""
    kind, title = _KINDS[error.status]
    return problem(error.status, error.detail, **{"type": f"urn:vsf:{kind}", "title": title, **error.members})


def delivery_item(delivery: Delivery, outcome: Outcome | None) -> dict[str, Any]:
    """Return what a list says of a delivery; its outcome stands in the snapshot."""
    return {
        "id": delivery.ulid,
        "state": delivery.state,
        "feed": delivery.feed,
        "partition": delivery.partition,
        "file_name": delivery.file_name,
        "bytes": delivery.size,
        "sha256": delivery.sha256 or None,
        "mends": delivery.mends.ulid if delivery.mends else None,
        "team": delivery.team.name,
        "created_at": delivery.created_at,
        "landed_at": delivery.landed_at,
        "outcome": outcome.status if outcome else None,
        "first_snapshot": outcome.first_snapshot if outcome else None,
        "reason": delivery.reason or None,
        "receipt": receipt_address(delivery),
    }


def receipt_address(delivery: Delivery) -> str:
    """Return the whole address of a receipt."""
    return f"{settings.VSF_PORTAL.shown_url}/deliveries/{delivery.ulid}/"


def _begun(begun: BegunUpload) -> dict[str, Any]:
    delivery = begun.delivery
    return {
        "id": delivery.ulid,
        "url": f"{settings.VSF_PORTAL.shown_url}{begun.url}",
        "token": begun.token,
        "feed": delivery.feed,
        "partition": delivery.partition,
        "path": delivery.path,
        "expires_at": delivery.expires_at,
        "receipt": receipt_address(delivery),
    }


def _mended(request: HttpRequest, text: str) -> Delivery | None:
    if not text:
        return None
    delivery = find_delivery(rights_of_request(request), _id(text))
    if delivery is None:
        raise Http404
    return delivery


def _id(text: str) -> uuid.UUID:
    try:
        return uuid_of(text)
    except ValueError:
        raise Http404 from None
