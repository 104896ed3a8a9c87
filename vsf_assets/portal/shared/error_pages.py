"""Pages of errors: a sentence that says what to do, never a code alone, never a path or a traceback.

Here: the handlers of Django, and the answer to errors that views expect, one of which is no error: a home without a
snapshot, whose pages say what fills them. Not here: problems of the API
(problems.py).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from vsf_assets.portal.shared.problems import problem
from vsf_assets.portal.shared.request_errors import NOTHING, STATUSES, status_of, text_of
from vsf_assets.snapshots.pool import NothingPublishedError

View = Callable[..., HttpResponseBase]

_TITLES = {
    400: "This address asks for something that is not there",
    403: "Your account may not ask this",
    409: "A new snapshot was published",
    410: "This snapshot is not kept any more",
    422: "This question is too large for a page",
    503: "The data cannot be shown at the moment",
}


def explained(view: View) -> View:
    """Answer the errors that a view expects with a page that says what to do."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        try:
            return view(request, *arguments, **named)
        except NothingPublishedError:
            return render(request, "nothing_published.html", status=503)
        except tuple(STATUSES) as error:
            status = status_of(error) or 500
            return error_page(request, status, _TITLES[status], text_of(error))

    return answer


def error_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Return the page of an error."""
    return render(request, "error.html", {"title": title, "text": text, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's form
    """Answer a request that Django does not understand."""
    return error_page(request, 400, "The request was not understood", "Go back, and try again.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer a request that the account may not make."""
    return error_page(
        request, 403, "Your role does not allow this", "Ask an administrator of the team for another role."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer for what is not there, and for what belongs to another team: both look the same."""
    if request.path.startswith(("/api/", "/vsf/api/")):
        return problem(404, NOTHING)
    return error_page(
        request, 404, "There is nothing at this address", "It may have been removed, or belong to another team."
    )


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer after a defect; the log has the traceback, the page has nothing of it.

    The page asks for no account and no snapshot, since the database may be what is broken.
    """
    return HttpResponse(render_to_string("server_error.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer a form that did not come from our own page."""
    return error_page(
        request,
        403,
        "This form was opened before you signed in, or elsewhere",
        "Go back, load the page again, and send the form once more.",
    )
