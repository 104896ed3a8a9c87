"""Pages of receipts: of a delivery of the portal, of a file that landed by another way, and their downloads.

Here: addresses, rights and answers; a page's main part alone for its own script, with an ETag. Not here: what a receipt
says (receipt.py), and the API (api/receipt_routes.py).
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.receipts.downloads import REPORT_TYPES, MadeFile, bad_rows_file, report_file
from vsf_assets.portal.receipts.receipt import Receipt, as_json, receipt_of
from vsf_assets.portal.receipts.subject import Subject, subject_of_delivery, subject_of_file
from vsf_assets.portal.shared.error_pages import error_page, explained
from vsf_assets.portal.shared.sent_files import send_file
from vsf_assets.portal.status.home_state import home_state
from vsf_assets.reports.bad_rows import NoBadRowsFileError
from vsf_assets.snapshots.pool import NoSnapshotError, OpenSnapshot

PART = "receipts/part.html"


def current(request: HttpRequest) -> OpenSnapshot | None:
    """Return the snapshot of a request; None if nothing was published yet."""
    try:
        found: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    except NoSnapshotError:
        return None
    return found


def find_receipt(request: HttpRequest, rights: AccountRights, number: uuid.UUID | int) -> Receipt:
    """Return the receipt of a delivery, by its id, or of a file of the ledger, by its number.

    Raises:
        Http404: there is none, or the reader may not see it: both look the same.
    """
    snapshot = current(request)
    subject: Subject | None
    if isinstance(number, uuid.UUID):
        subject = subject_of_delivery(rights, snapshot, number)
    else:
        subject = subject_of_file(rights, snapshot, number) if snapshot and number < 2**63 else None
    if subject is None:
        raise Http404
    return receipt_of(subject, snapshot, home_state(settings.VSF), rights, request.GET.get("anomaly", ""))


@require_safe
@login_required
@explained
def delivery(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Show the receipt of a delivery."""
    return _page(request, find_receipt(request, request.user.account_rights, delivery_id))


@require_safe
@login_required
@explained
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show the page of a file of the ledger, by whatever way it landed."""
    return _page(request, find_receipt(request, request.user.account_rights, file_id))


def _page(request: HttpRequest, receipt: Receipt) -> HttpResponse:
    """Return the page; to its own script, which asks with a header, the main part alone."""
    tag = tag_of(receipt)
    is_part = request.headers.get("X-Vsf-Part") == "receipt"
    if is_part and request.headers.get("If-None-Match") == tag:
        return _tagged(HttpResponse(status=304), receipt, tag)
    context = _context(request, receipt)
    part = render_to_string(PART, context, request)
    if is_part:
        return _tagged(HttpResponse(part), receipt, tag)
    page = render(request, "receipts/receipt.html", {**context, "part": part, "tag": tag})
    return _tagged(page, receipt, tag)


def tag_of(receipt: Receipt) -> str:
    """Return the tag of what a receipt says to its reader."""
    said: tuple[Any, ...] = (
        as_json(receipt),
        receipt.findings,
        receipt.repeats,
        receipt.same_as,
        receipt.subject.sees_texts,
    )
    others = [(other.pk, other.file_name) for other in receipt.others]
    own = receipt.own_delivery.pk if receipt.own_delivery else None
    said += (receipt.state.since, others, receipt.version, receipt.is_deleted, receipt.is_of_others, own)
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def _tagged(response: HttpResponse, receipt: Receipt, tag: str) -> HttpResponse:
    response["ETag"] = tag
    response["Vary"] = "X-Vsf-Part"
    if receipt.subject.sees_texts:
        response["Cache-Control"] = "private, no-store"
    return response


def _context(request: HttpRequest, receipt: Receipt) -> dict[str, Any]:
    subject = receipt.subject
    entry, delivered = receipt.entry, subject.delivery
    number = f"uploads/{delivered.ulid}" if delivered else f"files/{entry.file_id if entry else 0}"
    return {
        "receipt": receipt,
        "subject": subject,
        "entry": entry,
        "delivery": delivered,
        "own_delivery": receipt.own_delivery,
        "sender": delivered.account if delivered else None,
        "forms": list(REPORT_TYPES),
        "command": _command(receipt),
        "curl": f'curl -H "Authorization: Bearer $VSF_TOKEN" "{_base(request)}/api/v1/{number}"',
    }


def _command(receipt: Receipt) -> str:
    entry = receipt.entry
    if entry is None:
        return "vsf status"
    if receipt.version is not None:
        return f"vsf report anomalies --dataset {receipt.version[0]} --version {receipt.version[1]}"
    return f"vsf query \"from reports.files where sha256 = '{entry.sha256}'\""


def _base(request: HttpRequest) -> str:
    return settings.VSF_PORTAL.url or f"{request.scheme}://{request.get_host()}"


def sent_report(request: HttpRequest, receipt: Receipt, form: str) -> HttpResponseBase:
    """Return the anomaly report of a receipt as a download.

    Raises:
        Http404: there is no such format.
        NoBadRowsFileError: no snapshot has the file yet.
    """
    if form not in REPORT_TYPES:
        raise Http404
    snapshot = current(request)
    if receipt.entry is None or snapshot is None:
        raise NoBadRowsFileError("no snapshot has the file yet; the report is ready when the file is loaded")
    return _sent(request, report_file(snapshot, receipt.subject, receipt.entry, form))


def sent_bad_rows(request: HttpRequest, receipt: Receipt) -> HttpResponseBase:
    """Return the bad rows of a receipt as a download: those that are still open, with `all=1` all.

    Raises:
        PermissionDenied: the reader may not see texts of the file.
        NoBadRowsFileError: there are none, or no file of them; the message says why.
    """
    snapshot = current(request)
    if not receipt.subject.sees_texts:
        raise PermissionDenied
    if receipt.entry is None or snapshot is None:
        raise NoBadRowsFileError("no snapshot has the file yet; its bad rows are known when it is loaded")
    made = bad_rows_file(snapshot, receipt.entry, receipt.repair, every_row=request.GET.get("all") == "1")
    return _sent(request, made)


def _sent(request: HttpRequest, made: MadeFile) -> HttpResponseBase:
    return send_file(request, made.path, made.name, made.media_type, remove_after=True)


def _explained_download(
    request: HttpRequest, number: uuid.UUID | int, send: Callable[[Receipt], HttpResponseBase]
) -> HttpResponseBase:
    try:
        return send(find_receipt(request, request.user.account_rights, number))
    except NoBadRowsFileError as error:
        return error_page(request, 409, "There is no such file to download", str(error))


@require_safe
@login_required
@explained
def delivery_report(request: HttpRequest, delivery_id: uuid.UUID, form: str) -> HttpResponseBase:
    """Send the anomaly report of a delivery."""
    return _explained_download(request, delivery_id, lambda found: sent_report(request, found, form))


@require_safe
@login_required
@explained
def delivery_bad_rows(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponseBase:
    """Send the bad rows of a delivery."""
    return _explained_download(request, delivery_id, lambda found: sent_bad_rows(request, found))


@require_safe
@login_required
@explained
def file_report(request: HttpRequest, file_id: int, form: str) -> HttpResponseBase:
    """Send the anomaly report of a file of the ledger."""
    return _explained_download(request, file_id, lambda found: sent_report(request, found, form))


@require_safe
@login_required
@explained
def file_bad_rows(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Send the bad rows of a file of the ledger."""
    return _explained_download(request, file_id, lambda found: sent_bad_rows(request, found))
