"""The addresses of receipts in version 1 of the API: what became of an upload or of a file, and its downloads.

Here: what they answer. Not here: beginning an upload (upload_routes.py), and what a receipt says (receipts/).
"""

import uuid
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from vsf_assets.common.ulids import uuid_of
from vsf_assets.portal.api.authentication import rights_of_request
from vsf_assets.portal.api.list_answers import json_answer
from vsf_assets.portal.api.upload_routes import router
from vsf_assets.portal.receipts.receipt import Receipt, as_json
from vsf_assets.portal.receipts.receipt_views import find_receipt, sent_bad_rows, sent_report, tag_of
from vsf_assets.portal.shared.problems import problem
from vsf_assets.reports.bad_rows import NoBadRowsFileError

files = Router(tags=["files"])


@router.get("/{upload}", summary="What became of an upload.", operation_id="upload")
def upload(request: HttpRequest, upload: str) -> HttpResponse:
    """Return the state of an upload, its counts once a snapshot has it, and what later deliveries mended."""
    return _answer(request, _id(upload))


@router.get("/{upload}/bad-rows.csv", summary="The bad rows of an upload, as delivered.", operation_id="bad_rows")
def bad_rows(request: HttpRequest, upload: str) -> HttpResponseBase:
    """Return the rows that are still open, with the reasons as last column; with `all=1` all."""
    return _download(request, _id(upload), lambda receipt: sent_bad_rows(request, receipt))


@router.get("/{upload}/anomalies.csv", summary="The findings about an upload.", operation_id="upload_anomalies")
def anomalies(request: HttpRequest, upload: str) -> HttpResponseBase:
    """Return the anomaly report, of a dataset that of the whole version."""
    return _download(request, _id(upload), lambda receipt: sent_report(request, receipt, "csv"))


@files.get("/{file_id}", summary="What became of a file, by whatever way it landed.", operation_id="file")
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Return the state of a file of the ledger."""
    return _answer(request, file_id)


@files.get("/{file_id}/bad-rows.csv", summary="The bad rows of a file, as delivered.", operation_id="file_bad_rows")
def file_bad_rows(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Return the rows that are still open, with the reasons as last column; with `all=1` all."""
    return _download(request, file_id, lambda receipt: sent_bad_rows(request, receipt))


@files.get("/{file_id}/anomalies.csv", summary="The findings about a file.", operation_id="file_anomalies")
def file_anomalies(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Return the anomaly report of a file."""
    return _download(request, file_id, lambda receipt: sent_report(request, receipt, "csv"))


def _answer(request: HttpRequest, number: uuid.UUID | int) -> HttpResponse:
    receipt = find_receipt(request, rights_of_request(request), number)
    tag = tag_of(receipt)
    response = (
        HttpResponse(status=304) if request.headers.get("If-None-Match") == tag else json_answer(as_json(receipt))
    )
    response["ETag"] = tag
    if receipt.subject.sees_texts:
        response["Cache-Control"] = "private, no-store"
    return response


def _download(
    request: HttpRequest, number: uuid.UUID | int, send: Callable[[Receipt], HttpResponseBase]
) -> HttpResponseBase:
    receipt = find_receipt(request, rights_of_request(request), number)
    try:
        if not receipt.subject.sees_texts and "bad-rows" in request.path:
            return problem(403, "rows as delivered are shown to the team that sent them, and with personal data alone")
        return send(receipt)
    except NoBadRowsFileError as error:
        title = "There is no such file to download"
        return problem(409, str(error), type="urn:vsf:no-such-download", title=title)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid_of(text)
    except ValueError:
        raise Http404 from None
